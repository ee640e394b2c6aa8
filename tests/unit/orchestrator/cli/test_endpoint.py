"""Which Toolchord a command finds."""

from pathlib import Path

from orchestrator.cli.endpoint import LocalStack, api_url
from orchestrator.client.api import DEFAULT_URL

_STACK = LocalStack(api_url="http://127.0.0.1:8007", flower_url="http://127.0.0.1:5557", model_url=None, scripted=True)


def test_the_stack_that_runs_in_the_data_folder_is_found(tmp_path: Path) -> None:
    """As long as it runs."""
    environ = {"TOOLCHORD_DATA_DIR": str(tmp_path)}

    with _STACK.named_in(tmp_path):
        while_it_runs = api_url(None, environ)

    assert while_it_runs == _STACK.api_url
    assert api_url(None, environ) == DEFAULT_URL
    assert list(tmp_path.iterdir()) == []


def test_what_is_named_comes_before_what_is_found(tmp_path: Path) -> None:
    """An option or a variable is a decision."""
    with _STACK.named_in(tmp_path):
        assert api_url("http://there", {"TOOLCHORD_DATA_DIR": str(tmp_path)}) == "http://there"


def test_a_file_that_names_no_stack_is_no_stack(tmp_path: Path) -> None:
    """It may be half of one, or another version's."""
    (tmp_path / "stack.json").write_text("{")

    assert LocalStack.of(tmp_path) is None
    assert api_url(None, {"TOOLCHORD_DATA_DIR": str(tmp_path)}) == DEFAULT_URL
