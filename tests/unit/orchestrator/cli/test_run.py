"""`toolchord run`."""

import io
import json
from pathlib import Path

import pytest

from orchestrator.cli import views
from orchestrator.cli.errors import ExitCode
from tests.unit.orchestrator.cli.conftest import Toolchord
from tests.unit.orchestrator.cli.service import RUN_ID, Service, problem, run


@pytest.fixture
def accepting(service: Service) -> Service:
    """A service that takes a run and ends it at once."""
    service.will_answer("POST", "/v1/runs", run("queued", tool_calls=[], turns=[]), status=202)
    service.will_answer("GET", f"/v1/runs/{RUN_ID}", run())
    return service


@pytest.mark.usefixtures("accepting")
def test_the_answer_alone_goes_to_standard_output(toolchord: Toolchord) -> None:
    """A pipe reads the answer; a person sees the calls too."""
    result = toolchord("run", "Weather in Tokyo?", "--all-tools")

    assert (result.code, result.out) == (ExitCode.OK, "It is clear in Tokyo.\n")
    assert "get_weather" in result.err
    assert f"{RUN_ID} completed in 500 ms, 2 turns, 2 tool calls, 1,234 tokens" in result.err


def test_the_request_holds_what_was_asked_for_and_nothing_else(toolchord: Toolchord, accepting: Service) -> None:
    """What is left out has the service's default."""
    toolchord("run", "Weather?")
    toolchord(
        *("run", "Weather?", "--tool", "get_weather", "--tool", "get_news", "--model", "m", "--system", "Be brief."),
        *("--max-turns", "3", "--metadata", "a=b", "--no-wait"),
    )

    bodies = [asked.body for asked in accepting.asked if asked.method == "POST"]
    assert bodies == [
        {"messages": [{"role": "user", "content": "Weather?"}], "tools": []},
        {
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}],
            "tools": ["get_weather", "get_news"],
            "model": "m",
            "max_turns": 3,
            "metadata": {"a": "b"},
        },
    ]


def test_limits_and_forms_are_passed_on(toolchord: Toolchord, accepting: Service, tmp_path: Path) -> None:
    """Under the names that the service has for them."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object"}')
    toolchord(
        *("run", "Weather?", "--previous", RUN_ID, "--schema", str(schema), "--max-tool-calls", "0"),
        *("--max-total-tokens", "9", "--max-cost-usd", "0.5", "--no-wait"),
    )

    assert accepting.asked[-1].body == {
        "messages": [{"role": "user", "content": "Weather?"}],
        "tools": [],
        "previous_run_id": RUN_ID,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}},
        "max_tool_calls": 0,
        "max_total_tokens": 9,
        "max_cost_usd": 0.5,
    }


def test_a_schema_that_cannot_be_read_is_no_use(toolchord: Toolchord, tmp_path: Path) -> None:
    """It is said before anything is asked."""
    schema = tmp_path / "schema.json"
    schema.write_text("{")

    result = toolchord("run", "Weather?", "--schema", str(schema))

    assert result.code == ExitCode.USAGE
    assert "is not JSON" in result.err


@pytest.mark.usefixtures("accepting")
def test_json_is_the_run_as_the_service_tells_it(toolchord: Toolchord) -> None:
    """And nothing else, on either stream."""
    result = toolchord("run", "Weather?", "--json")

    assert (result.code, result.err) == (ExitCode.OK, "")
    assert json.loads(result.out) == run()


def test_who_does_not_wait_is_given_the_id(toolchord: Toolchord, accepting: Service) -> None:
    """Nothing is asked after that."""
    assert toolchord("run", "Weather?", "--no-wait") == (ExitCode.OK, f"{RUN_ID}\n", "")
    assert len(accepting.asked) == 1


def test_a_run_that_fails_is_a_failure(toolchord: Toolchord, accepting: Service) -> None:
    """With its reason; a program still gets the run."""
    failed = run("failed", error={"code": "rate_limited", "message": "Too many requests."})
    accepting.will_answer("GET", f"/v1/runs/{RUN_ID}", failed)

    result = toolchord("run", "Weather?", "--json")

    assert (result.code, json.loads(result.out)) == (ExitCode.FAILED, failed)
    assert result.err == f"error: The run failed: Too many requests (rate_limited). See `toolchord runs show {RUN_ID}`.\n"


def test_warnings_are_told_beside_the_answer(toolchord: Toolchord, accepting: Service) -> None:
    """What the provider could not keep may matter to who asked for it; a program reads it in the run."""
    accepting.will_answer("GET", f"/v1/runs/{RUN_ID}", run(warnings=[{"code": "strict_off", "message": "Tools are offered otherwise."}]))

    result = toolchord("run", "Weather?")

    assert (result.code, result.out) == (ExitCode.OK, "It is clear in Tokyo.\n")
    assert result.err.endswith("\nwarning strict_off: Tools are offered otherwise.\n")
    assert toolchord("run", "Weather?", "--json").err == ""


def test_a_refused_run_is_told(toolchord: Toolchord, service: Service) -> None:
    """In the service's own words."""
    service.will_answer("POST", "/v1/runs", problem(422, "No worker has announced a tool named 'nope'."), status=422)

    assert toolchord("run", "Weather?", "--tool", "nope") == (
        ExitCode.REFUSED,
        "",
        "error: No worker has announced a tool named 'nope'.\n",
    )


def test_the_question_may_come_from_standard_input(toolchord: Toolchord, accepting: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long one is easier to write in a file."""
    monkeypatch.setattr("sys.stdin", io.StringIO("A long question?\n"))

    toolchord("run", "-", "--no-wait")

    assert accepting.asked[0].body is not None
    assert accepting.asked[0].body["messages"] == [{"role": "user", "content": "A long question?\n"}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Weather?", "--tool", "a", "--all-tools"], "Give --tool or --all-tools, not both."),
        ([" "], "The question is empty."),
        (["Weather?", "--metadata", "a"], "--metadata 'a' is no label. Write KEY=VALUE."),
    ],
)
def test_mistakes_are_found_before_anything_is_asked(toolchord: Toolchord, service: Service, words: list[str], said: str) -> None:
    """Each says what to do."""
    assert toolchord("run", *words) == (ExitCode.USAGE, "", f"error: {said}\n")
    assert service.asked == []


def test_who_interrupts_learns_that_the_run_goes_on(toolchord: Toolchord, accepting: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """And how to see it and how to end it."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(views, "_news", interrupted)

    result = toolchord("run", "Weather?")

    assert (result.code, result.out) == (ExitCode.INTERRUPTED, "")
    assert f"`toolchord runs watch {RUN_ID}`" in result.err
    assert [asked.method for asked in accepting.asked] == ["POST", "GET"]


def test_a_service_that_is_not_there_has_a_code_of_its_own(toolchord: Toolchord) -> None:
    """A script may wait for it."""
    result = toolchord("run", "Weather?", "--api-url", "http://127.0.0.1:1")

    assert (result.code, result.out) == (ExitCode.UNAVAILABLE, "")
    assert result.err.startswith("error: Toolchord is not reachable at http://127.0.0.1:1.")
