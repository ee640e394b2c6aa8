"""`toolchord runs`."""

import json

import pytest

from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord
from tests.unit.orchestrator.cli.service import RUN_ID, Service, run, summary


def test_a_list_has_a_line_for_each_run(toolchord: Toolchord, service: Service) -> None:
    """And says how to see more."""
    service.will_answer("GET", "/v1/runs", {"object": "list", "data": [summary(), summary("queued")], "has_more": True})

    result = toolchord("runs", "list")

    assert result.code == ExitCode.OK
    head, _, *rows = result.out.splitlines()
    assert head.split() == ["Run", "Status", "Created", "Took", "Model", "Tokens", "Metadata"]
    assert [row.split()[:2] for row in rows] == [[RUN_ID, "completed"], [RUN_ID, "queued"]]
    assert rows[0].split()[-5:] == ["500", "ms", "scripted", "1,234", "customer=c_42"]
    assert result.err == f"There are more: --after {RUN_ID}\n"


def test_filters_are_the_services_own(toolchord: Toolchord, service: Service) -> None:
    """All of them together."""
    service.will_answer("GET", "/v1/runs", {"object": "list", "data": [], "has_more": False})

    result = toolchord(*("runs", "list", "--status", "failed", "--metadata", "customer=c_42", "--limit", "5", "--after", "run_9"))

    assert result == (ExitCode.OK, "", "No runs.\n")
    assert [asked.path for asked in service.asked] == ["/v1/runs?metadata%5Bcustomer%5D=c_42&limit=5&status=failed&after=run_9"]


@pytest.mark.parametrize("words", [["list"], ["show", RUN_ID], ["watch", RUN_ID], ["cancel", RUN_ID]])
def test_json_is_what_the_service_says(toolchord: Toolchord, service: Service, words: list[str]) -> None:
    """And nothing else."""
    page = {"object": "list", "data": [summary()], "has_more": True}
    service.will_answer("GET", "/v1/runs", page)
    service.will_answer("GET", f"/v1/runs/{RUN_ID}", run())
    service.will_answer("POST", f"/v1/runs/{RUN_ID}/cancel", run())

    result = toolchord("runs", *words, "--json")

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert json.loads(result.out) == (page if words == ["list"] else run())


def test_a_run_is_shown_with_its_calls_and_its_answer(toolchord: Toolchord, service: Service) -> None:
    """The same bars as while it ran."""
    service.will_answer("GET", f"/v1/runs/{RUN_ID}", run())

    result = toolchord("runs", "show", RUN_ID)

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert result.out.startswith(f"{RUN_ID} completed in 500 ms, 2 turns, 2 tool calls, 1,234 tokens\nscripted, ")
    assert "Turn 1  2 calls, 0.40 s of work in 0.31 s: 1.3x" in result.out
    assert result.out.endswith("\nIt is clear in Tokyo.\n")


def test_a_runs_warnings_are_shown(toolchord: Toolchord, service: Service) -> None:
    """Beside the run, for they are not what was asked for."""
    service.will_answer("GET", f"/v1/runs/{RUN_ID}", run(warnings=[{"code": "strict_off", "message": "Tools are offered otherwise."}]))

    assert toolchord("runs", "show", RUN_ID).err == "warning strict_off: Tools are offered otherwise.\n"


def test_showing_a_failed_run_is_a_success(toolchord: Toolchord, service: Service) -> None:
    """It was shown; its reason with it."""
    service.will_answer(
        "GET", f"/v1/runs/{RUN_ID}", run("failed", error={"code": "x", "message": "No model.", "provider": "openai", "request_id": "r"})
    )

    result = toolchord("runs", "show", RUN_ID)

    assert result.code == ExitCode.OK
    assert ": No model (openai, x, request r)\n" in result.out


def test_the_code_of_a_watched_run_is_that_of_its_end(toolchord: Toolchord, service: Service) -> None:
    """The same as of a run that was asked for here."""
    service.will_answer("GET", f"/v1/runs/{RUN_ID}", run("in_progress"), run("cancelled"))

    result = toolchord("runs", "watch", RUN_ID)

    assert (result.code, result.out) == (ExitCode.FAILED, "")
    assert "error: The run was cancelled." in result.err


def test_a_cancelled_run_is_told(toolchord: Toolchord, service: Service) -> None:
    """To cancel is no failure."""
    service.will_answer("POST", f"/v1/runs/{RUN_ID}/cancel", run("cancelled"))

    result = toolchord("runs", "cancel", RUN_ID)

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert result.out.startswith(f"{RUN_ID} cancelled")


@pytest.mark.parametrize("words", ["show", "watch", "cancel"])
@pytest.mark.usefixtures("service")
def test_a_run_that_is_not_there_is_not_found(toolchord: Toolchord, words: str) -> None:
    """Scripts tell it from other failures."""
    assert toolchord("runs", words, "run_x") == (ExitCode.NOT_FOUND, "", "error: There is no such run.\n")
