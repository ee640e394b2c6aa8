"""Who may start a run."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from orchestrator.api.admission import Admission, Limits
from orchestrator.api.gauge import Gauge
from orchestrator.api.refusals import Busy, Overloaded, TooManyRuns
from orchestrator.errors import Refusal
from orchestrator.store.backlog import Backlog

_LIMITS = Limits(queued=10, running=5, oldest_s=60.0)


class Play:
    """An admission of two at once, what it measures, and the time."""

    def __init__(self) -> None:
        self.backlog = Backlog(0, 0, 0.0)
        self.now = 100.0
        self.admission = Admission(Gauge(lambda: self.backlog, self.clock), _LIMITS, at_once=2, threads=1, clock=self.clock)

    def clock(self) -> float:
        return self.now


def _run(scenario: Callable[[Play], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        play = Play()
        async with asyncio.timeout(20):
            await scenario(play)
            await play.admission.close()

    asyncio.run(play())


async def _fail(play: Play) -> None:
    async with play.admission.starting():
        raise ValueError("no JSON")


@pytest.mark.parametrize(
    ("backlog", "refusal"),
    [
        (Backlog(0, 0, 0.0), None),
        (Backlog(9, 4, 60.0), None),
        (Backlog(10, 0, 0.0), TooManyRuns),
        (Backlog(0, 5, 0.0), TooManyRuns),
        (Backlog(1, 0, 60.1), Overloaded),
    ],
)
def test_a_limit_is_what_there_may_be(backlog: Backlog, refusal: type[Refusal] | None) -> None:
    """One more than that is refused."""
    assert type(_LIMITS.refusal(backlog)) is (refusal or type(None))


@pytest.mark.parametrize(("refusal", "seconds"), [(TooManyRuns, (5, 10)), (Busy, (1, 3)), (Overloaded, (15, 30))])
def test_a_refusal_says_when_to_come_back(refusal: type[Refusal], seconds: tuple[int, int]) -> None:
    """In whole seconds, and not all callers at the same time."""
    assert (min(refusal.retry_after_s), max(refusal.retry_after_s)) == seconds


def test_so_many_are_in_hand_at_once() -> None:
    """One that is done makes room, however it went."""

    async def scenario(play: Play) -> None:
        async with play.admission.starting():
            async with play.admission.starting():
                assert isinstance(play.admission.refusal(), Busy)
            with pytest.raises(ValueError, match="no JSON"):
                await _fail(play)
            assert play.admission.refusal() is None

    _run(scenario)


def test_no_run_is_started_beyond_the_limit_between_two_readings() -> None:
    """Those in hand and those that were started count; one that failed does not."""

    async def scenario(play: Play) -> None:
        play.backlog = Backlog(8, 0, 0.0)
        with pytest.raises(ValueError, match="no JSON"):
            await _fail(play)
        async with play.admission.starting():
            pass
        async with play.admission.starting():
            assert isinstance(play.admission.refusal(), TooManyRuns)
        with pytest.raises(TooManyRuns):
            await play.admission.starting().__aenter__()

    _run(scenario)


def test_the_door_opens_again() -> None:
    """With the next reading."""

    async def scenario(play: Play) -> None:
        play.backlog = Backlog(10, 0, 0.0)
        with pytest.raises(TooManyRuns):
            await play.admission.starting().__aenter__()
        play.backlog = Backlog(9, 0, 0.0)
        play.now += 10
        async with play.admission.starting():
            pass

    _run(scenario)


def test_nothing_is_refused_before_anything_is_known() -> None:
    """The first request of a process waits for the first reading."""

    async def scenario(play: Play) -> None:
        play.backlog = Backlog(10, 0, 0.0)
        assert play.admission.refusal() is None
        with pytest.raises(TooManyRuns):
            await play.admission.starting().__aenter__()

    _run(scenario)


def test_a_flood_of_refusals_is_logged_now_and_then() -> None:
    """The first at once, the others together."""

    async def scenario(play: Play) -> None:
        async with play.admission.starting(), play.admission.starting():
            for _ in range(100):
                play.admission.refusal()
            play.now += 11
            play.admission.refusal()

    with capture_logs() as logs:
        _run(scenario)

    assert [(log["event"], log["code"], log["count"]) for log in logs] == [("runs_refused", "busy", 1), ("runs_refused", "busy", 100)]
