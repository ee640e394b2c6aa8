"""`toolchord tools call`: one tool, run here."""

import json
import sys
from pathlib import Path

import pytest

from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord

_MODULE = '''
from tasks import ToolContext, ToolInputError, tool

@tool
def give(text: str, number: int = 1, flags: list[bool] = []) -> list:
    """Give back."""
    return [text, number, flags]

@tool
async def refuse(context: ToolContext) -> None:
    """Refuse."""
    print("printed")
    context.logger.info("logged")
    context.progress("half way", 0.5)
    raise ToolInputError("Not this.")

@tool
def break_down() -> None:
    """Break down."""
    raise ZeroDivisionError
'''


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in which an author works on tools."""
    (tmp_path / "trial_tools.py").write_text(_MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("TOOLCHORD_TOOLS", "./trial_tools.py")


_ARGUMENTS: list[tuple[list[str], list[object]]] = [
    (["text=12", "number=3", "flags=[true]"], ["12", 3, [True]]),
    (["text=a=b"], ["a=b", 1, []]),
    (['{"text": "x", "number": 2}'], ["x", 2, []]),
]


@pytest.mark.parametrize(("words", "given"), _ARGUMENTS)
def test_arguments_are_pairs_or_one_object(toolchord: Toolchord, words: list[str], given: list[object]) -> None:
    """Where the tool wants text, a value is text, whatever it looks like."""
    result = toolchord("tools", "call", "give", *words)

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert json.loads(result.out) == given


def test_what_the_model_would_read_is_printed_and_a_failure_is_one(toolchord: Toolchord) -> None:
    """All else the tool says goes to standard error."""
    result = toolchord("tools", "call", "refuse")

    assert result.code == ExitCode.FAILED
    assert json.loads(result.out) == {"error": {"code": "tool_input_error", "message": "Not this."}}
    assert all(word in result.err for word in ("printed", "logged", "half way 50%", "error: The call failed: Not this."))


def test_an_author_sees_where_the_tool_broke(toolchord: Toolchord) -> None:
    """The model never does."""
    result = toolchord("tools", "call", "break_down")

    assert result.code == ExitCode.FAILED
    assert "in break_down\n    raise ZeroDivisionError" in result.err
    assert "trial_tools" not in result.out


def test_json_is_the_outcome(toolchord: Toolchord) -> None:
    """With its error, if there is one."""
    result = toolchord("tools", "call", "refuse", "--json")

    assert json.loads(result.out) == {
        "outcome": "failed",
        "content": '{"error":{"code":"tool_input_error","message":"Not this."}}',
        "error": {"code": "tool_input_error", "message": "Not this."},
        "truncated": False,
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["giv"], ExitCode.NOT_FOUND, "There is no tool named 'giv'. Did you mean give?"),
        (["give", "text"], ExitCode.USAGE, "'text' is no argument. Write KEY=VALUE, or one JSON object for all."),
        (["give", "--module", "nowhere"], ExitCode.USAGE, "Cannot import 'nowhere': ModuleNotFoundError: No module named 'nowhere'."),
    ],
)
def test_mistakes_say_what_to_do(toolchord: Toolchord, words: list[str], code: ExitCode, said: str) -> None:
    """Before anything is run."""
    result = toolchord("tools", "call", *words)

    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error: {said}")


def test_modules_are_found_from_the_current_folder(toolchord: Toolchord) -> None:
    """As a worker finds them."""
    assert toolchord("tools", "call", "give", "text=x", "--module", "trial_tools").code == ExitCode.OK


def test_the_demo_tools_are_there_without_any_setting(toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try needs no file."""
    monkeypatch.delenv("TOOLCHORD_TOOLS")

    assert json.loads(toolchord("tools", "call", "get_weather", "city=Tokyo").out)["condition"] == "Clear"
