"""Who may start a run now. What is beyond the limits is refused before anything of it is read or created."""

import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, ParamSpec, TypeVar

import anyio
import anyio.to_thread
import structlog

from orchestrator.api.gauge import Gauge
from orchestrator.api.refusals import Busy, Overloaded, TooManyRuns
from orchestrator.errors import Refusal
from orchestrator.settings import Settings
from orchestrator.store.backlog import Backlog

P = ParamSpec("P")
T = TypeVar("T")

#: The log hears of refusals so often at most.
_TELL_EVERY_S: Final = 10.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Limits:
    """What a backlog may grow to."""

    queued: int
    running: int
    oldest_s: float

    def refusal(self, backlog: Backlog) -> Refusal | None:
        """Why there is no room for one run more; None when there is."""
        if backlog.queued >= self.queued:
            return TooManyRuns(f"{self.queued} runs are queued, as many as this service takes. Nothing was created.")
        if backlog.running >= self.running:
            return TooManyRuns(f"{self.running} runs are running, as many as this service takes. Nothing was created.")
        if backlog.oldest_s > self.oldest_s:
            return Overloaded(f"Queued runs wait {backlog.oldest_s:.0f} s for their start. Nothing was created.")
        return None


class Admission:
    """One for each process. Counts the requests that are in hand, so that a flood waits for nothing and takes no memory."""

    def __init__(self, gauge: Gauge, limits: Limits, *, at_once: int, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`at_once` requests are in hand at most; `threads` of them work, and the others wait in line."""
        self._gauge = gauge
        self._limits = limits
        self._at_once = at_once
        self._threads = anyio.CapacityLimiter(threads)
        self._in_hand = 0
        self._clock = clock
        self._told_at = -math.inf
        self._untold = 0

    def refusal(self) -> Refusal | None:
        """Why no run can be started, as far as it is known without waiting."""
        if self._in_hand >= self._at_once:
            return self._told(Busy())
        backlog = self._gauge.known()
        if backlog is None:
            return None
        # Those in hand are about to be queued.
        refusal = self._limits.refusal(backlog._replace(queued=backlog.queued + self._in_hand))
        return self._told(refusal) if refusal else None

    @asynccontextmanager
    async def starting(self) -> AsyncGenerator[None]:
        """Within the block the caller may start one run.

        Raises:
            Refusal: there is no room, or nobody can say whether there is.
            SQLAlchemyError: as the gauge does.

        """
        await self._gauge.read()
        if refusal := self.refusal():
            raise refusal
        self._in_hand += 1
        try:
            yield
            self._gauge.add()
        finally:
            self._in_hand -= 1

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work gives. It waits in line with the other starts alone: who reads or cancels has threads of his own."""
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._threads)

    async def close(self) -> None:
        """Leaves no reading behind."""
        await self._gauge.close()

    def _told(self, refusal: Refusal) -> Refusal:
        """The refusal, in the log too: a flood of them now and then."""
        self._untold += 1
        if self._clock() - self._told_at >= _TELL_EVERY_S:
            _log.warning("runs_refused", code=refusal.code, count=self._untold, reason=refusal.message)
            self._told_at, self._untold = self._clock(), 0
        return refusal


def admission(settings: Settings, measure: Callable[[int, int], Backlog]) -> Admission:
    """By the settings. `measure` is given how far to count queued and running runs."""
    limits = Limits(settings.max_queued_runs, settings.max_running_runs, settings.max_queue_age_s)
    gauge = Gauge(partial(measure, limits.queued, limits.running))
    # Half of the connections to Postgres are left to those who read and cancel.
    return Admission(gauge, limits, at_once=settings.max_starting_runs, threads=max(1, settings.database_pool // 2))
