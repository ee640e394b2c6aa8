"""Runs as a backend's code asks for them."""

import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any, assert_type

import httpx2
import pytest
from pydantic import BaseModel, Field

from orchestrator.client import InvalidOutput, NotCompleted, ParsedRun, Refused, Run, StillRunning, Toolchord
from tests.unit.orchestrator.cli.service import RUN_ID, problem, run
from tests.unit.orchestrator.client.services import MESSAGES, Runs, asking


class Report(BaseModel):
    """A report."""

    city: str = Field(min_length=2)
    degrees: float = 20


class _Slow:
    """A run that goes on while it is asked for."""

    def __init__(self, *states: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self.headers: list[httpx2.Headers] = []
        self._states = list(states)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((request.method, request.url.path))
        self.headers.append(request.headers)
        return httpx2.Response(200, json=run(self._states.pop(0) if len(self._states) > 1 else self._states[0]))


def test_a_run_is_waited_for_and_then_asked_for() -> None:
    """The service holds the request for a while; what takes longer is polled."""
    slow = _Slow("in_progress", "in_progress", "completed")

    with asking(slow) as client:
        ended = assert_type(client.run(messages=MESSAGES), Run)

    path = f"/v1/runs/{RUN_ID}"
    assert (ended.status, ended.output) == ("completed", "It is clear in Tokyo.")
    assert slow.asked == [("POST", "/v1/runs"), ("GET", path), ("GET", path)]
    assert slow.headers[0]["prefer"] == "wait=30"


def test_a_run_that_is_only_started_is_not_waited_for() -> None:
    """It is got and cancelled by its id."""
    slow = _Slow("queued", "in_progress", "cancelled")

    with asking(slow) as client:
        started = client.start(messages=MESSAGES, tools=["get_weather"])
        states = [started.status, client.get(started.id).status, client.cancel(started.id).status]

    assert states == ["queued", "in_progress", "cancelled"]
    assert "prefer" not in slow.headers[0]


def test_every_start_has_a_key() -> None:
    """One of the caller's, or one that is used once."""
    runs = Runs(run(), run(), run())

    with runs.client() as client:
        client.start(messages=MESSAGES, idempotency_key="mine")
        client.run(messages=MESSAGES)
        client.run(messages=MESSAGES)

    assert (runs.keys[0], len(set(runs.keys)), all(runs.keys)) == ("mine", 3, True)


def test_what_is_not_said_is_not_sent() -> None:
    """So that it has the service's default."""
    runs = Runs(run(), run())

    with runs.client() as client:
        client.run(messages=MESSAGES)
        client.run(messages=MESSAGES, tools="all", model="m", max_turns=3, metadata={"a": "b"}, previous_run_id=None)

    assert runs.bodies == [
        {"messages": MESSAGES, "tools": []},
        {"messages": MESSAGES, "tools": "all", "model": "m", "max_turns": 3, "metadata": {"a": "b"}},
    ]


def test_waiting_may_have_an_end() -> None:
    """The run goes on."""
    with asking(_Slow("in_progress")) as client, pytest.raises(StillRunning, match="is still in_progress") as raised:
        client.wait(RUN_ID, timeout_s=0)

    assert raised.value.run.id == RUN_ID


def test_a_run_that_failed_is_given_as_it_ended() -> None:
    """Whoever asked reads how."""
    with asking(_Slow("failed")) as client:
        assert client.run(messages=MESSAGES).status == "failed"


def test_an_answer_of_a_class_is_an_object() -> None:
    """Beside all else that the run tells; null means left out."""
    runs = Runs(run(output='{"city": "Oslo", "degrees": null}'))

    with runs.client() as client:
        ended = client.run(messages=MESSAGES, response_format=Report)

    assert_type(ended, ParsedRun[Report])
    assert (assert_type(ended.parsed, Report), ended.id) == (Report(city="Oslo"), RUN_ID)
    form = runs.bodies[0]["response_format"]
    assert (form["type"], form["json_schema"]["name"], form["json_schema"]["strict"]) == ("json_schema", "Report", True)


def test_any_other_response_format_is_sent_as_it_is() -> None:
    """The answer stays a text."""
    runs = Runs(run())

    with runs.client() as client:
        assert_type(client.run(messages=MESSAGES, response_format={"type": "json_object"}), Run)

    assert runs.bodies[0]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ('{"city": "O"}', "city: String should have at least 2 characters."),
        ("Oslo", "Its values are not valid JSON: Expecting value at character 0. Write one JSON object."),
        (None, "city: Field required."),
    ],
)
def test_an_answer_that_does_not_fit_is_an_error(output: str | None, problem: str) -> None:
    """It tells what is wrong with it, and speaks of no tool."""
    with Runs(run(output=output)).client() as client, pytest.raises(InvalidOutput, match="The answer of run_") as raised:
        client.run(messages=MESSAGES, response_format=Report)

    assert raised.value.problem == problem


class _Colour(Enum):
    RED = "red"


@pytest.mark.parametrize("form", [_Colour, int, Report | None, Report(city="Oslo"), "Report"])
def test_an_answers_form_that_is_none_is_refused_before_anything_is_asked(form: Any) -> None:
    """As types of calls are."""
    with Runs().client() as client, pytest.raises(TypeError, match="give a pydantic model class"):
        client.run(messages=MESSAGES, response_format=form)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"messages": "hello"}, "messages is a list of messages"),
        ({"messages": MESSAGES[0]}, "messages is a list of messages"),
        ({"tools": "get_weather"}, "tools is a list of names"),
    ],
)
def test_one_thing_in_a_lists_place_is_refused_before_anything_is_asked(fields: dict[str, Any], said: str) -> None:
    """Its characters or keys would be sent as a list."""
    asked: dict[str, Any] = {"messages": MESSAGES, **fields}
    with Runs().client() as client, pytest.raises(TypeError, match=said):
        client.start(**asked)


def test_without_an_answer_there_is_no_object() -> None:
    """The run says why."""
    with Runs(run("failed")).client() as client, pytest.raises(NotCompleted):
        client.run(messages=MESSAGES, response_format=Report)


def test_a_refusal_is_an_exception_with_the_problem() -> None:
    """As RFC 9457 has it."""
    refused = httpx2.Response(422, json=problem(422, "There is no model 'x'."))

    with asking(lambda _: refused) as client, pytest.raises(Refused) as raised:
        client.start(messages=MESSAGES, model="x")

    assert raised.value.problem.detail == "There is no model 'x'."


@pytest.mark.parametrize(
    ("given", "variable", "expected"),
    [("http://a", "http://b", "http://a"), (None, "http://b", "http://b"), (None, "", "http://127.0.0.1:8000")],
)
def test_the_url_is_given_or_that_of_the_environment(
    given: str | None, variable: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the local one."""
    monkeypatch.setenv("TOOLCHORD_API_URL", variable)
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200, json=run())

    with Toolchord(given, transport=httpx2.MockTransport(answer)) as client:
        client.get("run_1")

    assert asked == [f"{expected}/v1/runs/run_1"]


def test_a_backend_that_asks_loads_no_database_no_queue_and_no_model_client() -> None:
    """It needs none of them."""
    absent = {"sqlalchemy", "psycopg", "alembic", "redis", "celery", "kombu", "fastapi", "starlette", "openai"}
    code = f"import sys, orchestrator.client; print(sorted({absent!r} & set(sys.modules)))"

    result = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"
