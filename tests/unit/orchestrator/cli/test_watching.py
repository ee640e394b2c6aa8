"""A run followed until its end."""

from collections.abc import Iterator

import httpx2
import pytest

from orchestrator.cli.client import Client
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.cli.watching import follow
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
    with Client("http://there", httpx2.MockTransport(lambda _: next(responses))) as client:
        return [str(answer["status"]) for answer in follow(client, "run_1", clock.sleep, clock)]


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

    with pytest.raises(CommandError) as raised:
        _follow(clock, away)

    assert raised.value.code == ExitCode.UNAVAILABLE
    assert 10 < clock.now < 20


def test_a_run_that_is_not_there_is_not_waited_for() -> None:
    """It will not come."""
    clock = _Clock()

    with pytest.raises(CommandError):
        _follow(clock, iter([httpx2.Response(404, json=problem(404, "There is no such run."))]))

    assert clock.now == 0


def test_a_long_run_is_asked_for_less_often() -> None:
    """Ten times a second at first, then twice."""
    clock = _Clock()
    responses = (httpx2.Response(200, json=run("in_progress" if clock.now < 60 else "completed")) for _ in range(10_000))

    assert len(_follow(clock, responses)) == pytest.approx(100 + 100, abs=5)
