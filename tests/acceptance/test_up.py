"""`toolchord up`, and the commands beside it."""

import json
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrator.cli.errors import ExitCode
from tests.acceptance.shell import Shell, require_servers


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder in which nothing ran yet."""
    require_servers()
    return Shell(tmp_path)


@pytest.fixture
def up(shell: Shell) -> Generator[subprocess.Popen[str]]:
    """A stack in the foreground of another terminal."""
    with shell.start("up", "--json") as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=60)


def test_the_commands_find_the_stack_and_it_stops_when_it_is_asked_to(shell: Shell, up: subprocess.Popen[str]) -> None:
    """A run that was asked for here is listed, shown and watched; SIGTERM is no failure."""
    assert up.stdout
    told = json.loads(up.stdout.readline())
    run = shell.run("run", "Weather in Tokyo and in Oslo?", "--all-tools", "--metadata", "customer=c_42")
    listed = json.loads(shell.run("runs", "list", "--metadata", "customer=c_42", "--json").stdout)["data"]
    run_id = listed[0]["id"]
    shown, watched, tools = shell.run("runs", "show", run_id), shell.run("runs", "watch", run_id), shell.run("tools", "list", "--json")
    demo = shell.run("demo")
    up.send_signal(signal.SIGTERM)
    _, err = up.communicate(timeout=60)

    assert told["scripted"]
    assert (run.returncode, run.stdout.splitlines()[1]) == (ExitCode.OK, "- get_weather(Tokyo): temperature f 71, condition Clear")
    assert (len(listed), shown.returncode, watched.returncode, watched.stdout) == (1, ExitCode.OK, ExitCode.OK, run.stdout)
    assert "Turn 1  2 calls" in shown.stdout
    assert {tool["name"] for tool in json.loads(tools.stdout)["data"]} == {"get_weather", "get_stock_price", "get_news_headlines"}
    assert (demo.returncode, demo.stderr) == (ExitCode.OK, f"Asking the local stack that runs at {told['api_url']}.\n")
    assert (up.returncode, err) == (ExitCode.OK, "Starting the local stack.\nStopping the local stack.\n")
    shell.assert_nothing_left()


def test_a_second_stack_in_the_same_folder_is_refused(shell: Shell, up: subprocess.Popen[str]) -> None:
    """The first one lives on."""
    assert up.stdout
    assert up.stdout.readline()

    second = shell.run("up")

    assert (second.returncode, second.stdout) == (ExitCode.UNAVAILABLE, "")
    assert "is in use by process" in second.stderr
    assert shell.run("runs", "list").returncode == ExitCode.OK
