"""`toolchord demo`, asking a stack that runs."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from orchestrator.cli.endpoint import LocalStack
from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord
from tests.unit.orchestrator.cli.service import RUN_ID, Service, run


@pytest.fixture
def running(service: Service, tmp_path: Path) -> Generator[Service]:
    """A stack that `toolchord up` would have started."""
    url = os.environ["TOOLCHORD_API_URL"]
    service.will_answer("GET", "/livez", {"status": "ok"})
    service.will_answer("POST", "/v1/runs", run("queued"), status=202)
    service.will_answer("GET", f"/v1/runs/{RUN_ID}", run())
    with LocalStack(api_url=url, flower_url=url, model_url=url, scripted=True).named_in(tmp_path):
        yield service


@pytest.mark.usefixtures("running")
def test_the_demo_says_what_is_simulated_and_shows_the_calls_and_the_answer(toolchord: Toolchord) -> None:
    """Nobody takes it for a language model, and everybody can see it again."""
    result = toolchord("demo")

    assert result.code == ExitCode.OK
    assert "scripted model, not a language model" in result.out
    assert "(simulated)" in result.out
    assert "turn 1: 2 calls, 0.40 s of work in 0.31 s: 1.3x\n" in result.out
    assert "\nIt is clear in Tokyo.\n" in result.out
    assert result.out.endswith(f"1,234 tokens\nSee it again: `toolchord runs show {RUN_ID}`.\n")


@pytest.mark.usefixtures("running")
def test_json_holds_the_run_and_what_was_measured(toolchord: Toolchord) -> None:
    """And nothing else is printed."""
    result = toolchord("demo", "--json")

    assert json.loads(result.out) == {
        "run": run(),
        "parallel_turn": {"calls": 2, "work_ms": 400, "wall_ms": 310, "speed_up": 1.29},
        "scripted_model": True,
        "simulated_tools": True,
    }


def test_a_model_that_calls_no_tool_has_no_parallel_turn(toolchord: Toolchord, running: Service) -> None:
    """A real one may answer at once."""
    running.will_answer("GET", f"/v1/runs/{RUN_ID}", run(tool_calls=[]))

    assert json.loads(toolchord("demo", "--json").out)["parallel_turn"] is None


def test_a_run_that_fails_fails_the_demo(toolchord: Toolchord, running: Service) -> None:
    """After all was shown."""
    running.will_answer("GET", f"/v1/runs/{RUN_ID}", run("failed", error={"code": "x", "message": "No model."}))

    result = toolchord("demo")

    assert result.code == ExitCode.FAILED
    assert "See it again" in result.out
    assert "error: The run failed: No model (x)." in result.err


@pytest.mark.parametrize(
    "given",
    [{"OLLAMA_BASE_URL": "http://localhost:11434/v1"}, {"AZURE_OPENAI_API_KEY": "x", "TOOLCHORD_MODEL": "azure/mine"}],
)
def test_a_model_that_cannot_be_asked_fails_the_demo_before_anything_starts(
    toolchord: Toolchord, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str]
) -> None:
    """It says what to set."""
    for name, value in ({"TOOLCHORD_DATA_DIR": str(tmp_path)} | given).items():
        monkeypatch.setenv(name, value)

    result = toolchord("demo")

    assert (result.code, result.out, [*tmp_path.iterdir()]) == (ExitCode.USAGE, "", [])
    assert result.err.startswith("error: TOOLCHORD_MODEL is ")
    assert " is not set up: set " in result.err
