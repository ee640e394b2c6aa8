"""`toolchord demo`, as it is tried first: one command, no key, no server."""

import json
import signal
from pathlib import Path

import pytest

from orchestrator.cli.errors import ExitCode
from tests.acceptance.shell import Shell, require_servers
from tests.acceptance.waiting import until


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder in which nothing ran yet."""
    require_servers()
    return Shell(tmp_path)


def test_the_demo_answers_the_question_and_leaves_nothing(shell: Shell) -> None:
    """Three calls side by side, by workers of two pools; the answer; what it took; and how to see it again."""
    done = shell.run("demo")

    assert (done.returncode, done.stderr) == (ExitCode.OK, "Starting the local stack.\nStopping the local stack.\n")
    for part in (
        "scripted model, not a language model",
        "(simulated)",
        'get_weather {"city":"Tokyo"} succeeded, ran ',
        'get_stock_price {"ticker":"AAPL"} succeeded, ran ',
        'get_news_headlines {"topic":"AI"} succeeded, ran ',
        "turn 1: 3 calls, ",
        "temperature f 71, condition Clear",
        "completed in ",
        "See it again: `toolchord up`, and beside it `toolchord runs show run_",
    ):
        assert part in done.stdout
    shell.assert_nothing_left()


def test_json_of_the_demo_says_that_the_calls_ran_side_by_side(shell: Shell) -> None:
    """By the service's own times, and nothing else is on standard output."""
    shown = json.loads(shell.run("demo", "--json").stdout)

    assert shown["run"]["status"] == "completed"
    assert (shown["scripted_model"], shown["simulated_tools"]) == (True, True)
    assert shown["parallel_turn"]["calls"] == 3
    assert len({call["worker"].split("@")[0] for call in shown["run"]["tool_calls"]}) == 2
    calls = shown["run"]["tool_calls"]
    assert max(call["started_at"] for call in calls) < min(call["finished_at"] for call in calls)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_leaves_nothing(shell: Shell, number: signal.Signals) -> None:
    """Whatever it has started by then."""
    with shell.start("demo") as process:
        until(lambda: (shell.data / "postgres").exists() or None, lambda: None, what="the data of Postgres")
        process.send_signal(number)
        process.communicate(timeout=60)

    assert process.returncode == 128 + number
    shell.assert_nothing_left()
