"""The command itself: help, versions, mistakes."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord

COMMANDS = ("demo", "up", "run", "runs", "tools", "config", "db", "watcher", "scripted-model", "openapi")
WITH_EXAMPLES = (
    "demo",
    "up",
    "run",
    "runs list",
    "runs show",
    "runs watch",
    "runs cancel",
    "tools list",
    "tools show",
    "tools call",
    "config check",
    "db upgrade",
    "db check",
    "watcher",
    "scripted-model",
    "openapi",
)


def test_help_lists_every_command_and_every_exit_code(toolchord: Toolchord) -> None:
    """It is the one place where both are told."""
    result = toolchord("--help")

    assert result.code == ExitCode.OK
    assert all(f"\n  {command} " in result.out for command in COMMANDS)
    assert all(f"\n    {code.value:<4} {code.meaning}" in result.out for code in ExitCode)


@pytest.mark.parametrize("command", WITH_EXAMPLES)
def test_every_command_has_a_sentence_and_examples(toolchord: Toolchord, command: str) -> None:
    """Help that a reader can copy from."""
    result = toolchord(*command.split(), "--help")

    assert result.code == ExitCode.OK
    assert f"Usage: toolchord {command}" in result.out
    assert f"Examples:\n    {'' if command != 'db upgrade' else 'DATABASE_URL='}" in result.out
    assert f"toolchord {command}" in result.out.partition("Examples:")[2]


def test_without_a_command_the_help_is_shown_as_a_mistake(toolchord: Toolchord) -> None:
    """Nothing was done, so a script must not go on."""
    result = toolchord()

    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert "Commands:" in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rnus list", "error: No such command 'rnus'. Did you mean 'runs'? See `toolchord --help`."),
        ("runs", "error: Missing command. See `toolchord runs --help`."),
        ("runs show", "error: Missing argument 'ID'. See `toolchord runs show --help`."),
        ("demo --fast", "error: No such option: --fast. See `toolchord demo --help`."),
    ],
)
def test_a_mistake_is_one_line_that_says_where_to_look(toolchord: Toolchord, words: str, said: str) -> None:
    """On standard error, so that a pipe stays clean."""
    result = toolchord(*words.split())

    assert (result.code, result.out, result.err) == (ExitCode.USAGE, "", f"{said}\n")


def test_a_missing_setting_is_a_mistake(toolchord: Toolchord) -> None:
    """The sentence names the variable and gives an example."""
    result = toolchord("watcher")

    assert (result.code, result.out) == (ExitCode.USAGE, "")
    assert result.err.startswith("error: REDIS_URL is not set.")


def test_the_version_is_that_of_the_package(toolchord: Toolchord) -> None:
    """What is installed."""
    assert toolchord("--version").out == f"toolchord {version('toolchord')}\n"


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["runs", "list", "--help"]])
def test_light_commands_import_nothing_heavy(words: list[str]) -> None:
    """Help and questions to the API answer at once."""
    code = (
        "import sys; from orchestrator.cli.root import run; run(sys.argv[1:]);"
        "sys.exit(','.join({'sqlalchemy', 'fastapi', 'openai', 'celery.app', 'pydantic_settings'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
