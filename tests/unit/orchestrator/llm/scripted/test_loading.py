"""Scripts from JSON text."""

import re
from pathlib import Path

import pytest

from orchestrator.llm.scripted.loading import ScriptError, load_script, read_script


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Invalid JSON"),
        ("[]", "Input should be an object"),
        ('{"replies": []}', "replies: Tuple should have at least 1 item"),
        ('{"replies": [{"content": "a"}, {"contnt": "b"}]}', r"^replies\[1\]\.contnt: Extra inputs are not permitted$"),
        (
            '{"conversations": [{"replies": [{"tool_calls": [{}]}]}]}',
            r"^conversations\[0\]\.replies\[0\]\.tool_calls\[0\]\.name: Field required$",
        ),
        ('{"replies": [{"faults": [{"kind": "raw", "stat": 1}]}]}', r"faults\[0\]\.body: Field required\n.*faults\[0\]\.stat: Extra"),
        ('{"replies": [{"content": "a"}], "when": {"regex": "("}}', r"^when\.regex: Input should be a valid regular expression"),
    ],
)
def test_an_error_names_the_field(text: str, message: str) -> None:
    """Whoever wrote the script learns where it is wrong."""
    with pytest.raises(ScriptError, match=message):
        read_script(text)


def test_an_error_in_a_file_names_the_file(tmp_path: Path) -> None:
    """The path comes first."""
    file = tmp_path / "wrong.json"
    file.write_text('{"replies": 1}')

    with pytest.raises(ScriptError, match=r"wrong\.json: replies: "):
        load_script(file)


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    """A file holds one script as JSON."""
    file = tmp_path / "hello.json"
    file.write_text('{"replies": [{"content": "Grüezi"}]}', encoding="utf-8")

    assert load_script(file).conversations[0].replies[0].content == "Grüezi"


def test_the_scripts_of_the_documentation_are_scripts() -> None:
    """Each JSON block of the reference page can be used as it stands."""
    page = Path(__file__).parents[5] / "docs" / "reference" / "scripted-model.md"
    blocks = re.findall(r"^```json\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)

    assert [len(read_script(block).conversations) for block in blocks] == [2, 1, 1, 1]
