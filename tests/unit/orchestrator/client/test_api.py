"""The HTTP API, asked for the service's own JSON."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from orchestrator.client.api import Api, read
from orchestrator.client.errors import NotFound, NotNow, UnknownForm
from orchestrator.client.http import JsonObject
from orchestrator.schemas.run import RunObject
from tests.unit.orchestrator.cli.service import problem, run


class _Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def _follow(clock: _Clock, responses: Iterator[httpx2.Response]) -> list[str]:
    with Api("http://there", transport=httpx2.MockTransport(lambda _: next(responses)), sleep=clock.sleep) as api:
        return [str(answer["status"]) for answer in api.follow("run_1", clock)]


_QUESTIONS: list[tuple[Callable[[Api], JsonObject], str]] = [
    (lambda api: api.submit({"messages": []}), "POST /v1/runs"),
    (lambda api: api.run("run_1"), "GET /v1/runs/run_1"),
    (lambda api: api.run("../tools?x"), "GET /v1/runs/..%2Ftools%3Fx"),
    (lambda api: api.runs({"metadata[a b]": "c&d"}), "GET /v1/runs?metadata%5Ba%20b%5D=c%26d"),
    (lambda api: api.cancel("run_1"), "POST /v1/runs/run_1/cancel"),
    (lambda api: api.tools(), "GET /v1/tools"),
]


@pytest.mark.parametrize(("ask", "request_line"), _QUESTIONS)
def test_each_question_goes_to_its_path(ask: Callable[[Api], JsonObject], request_line: str) -> None:
    """Words of the user are quoted."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode().replace('+', '%20')}")
        return httpx2.Response(200, json={})

    with Api("http://there", transport=httpx2.MockTransport(answer)) as api:
        ask(api)

    assert asked == [request_line]


def test_an_answer_of_another_version_names_the_field() -> None:
    """A client and a service of two versions may not understand each other."""
    with pytest.raises(UnknownForm, match=r"\(in status\)"):
        read(RunObject, run("resting"))


def test_a_run_is_asked_for_until_it_has_ended() -> None:
    """Its last state is given too."""
    states = ("queued", "in_progress", "in_progress", "failed", "never asked for")

    assert _follow(_Clock(), (httpx2.Response(200, json=run(state)) for state in states)) == [
        "queued",
        "in_progress",
        "in_progress",
        "failed",
    ]


def test_a_service_that_is_restarted_is_waited_for() -> None:
    """The run goes on meanwhile."""
    away = [httpx2.Response(503, json=problem(503, "Away."))] * 50

    assert _follow(_Clock(), iter([*away, httpx2.Response(200, json=run())])) == ["completed"]


def test_a_service_that_stays_away_is_given_up() -> None:
    """After some seconds; nobody waits for ever."""
    clock = _Clock()
    away = (httpx2.Response(503, json=problem(503, "Away.")) for _ in range(10_000))

    with pytest.raises(NotNow):
        _follow(clock, away)

    assert 10 < clock.now < 20


def test_a_run_that_is_not_there_is_not_waited_for() -> None:
    """It will not come."""
    clock = _Clock()

    with pytest.raises(NotFound):
        _follow(clock, iter([httpx2.Response(404, json=problem(404, "There is no such run."))]))

    assert clock.now == 0


def test_a_long_run_is_asked_for_less_often() -> None:
    """Ten times a second at first, then twice."""
    clock = _Clock()
    responses = (httpx2.Response(200, json=run("in_progress" if clock.now < 60 else "completed")) for _ in range(10_000))

    assert len(_follow(clock, responses)) == pytest.approx(100 + 100, abs=5)
