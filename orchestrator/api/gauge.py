"""The backlog as one process of the API knows it: read from Postgres twice a second at most, whatever comes in."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from typing import Final

import anyio
import anyio.to_thread
import structlog
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.errors import Unavailable
from orchestrator.store.backlog import Backlog

#: A reading is used for so long before the next one is asked for.
_FRESH_S: Final = 0.5
#: And for so long while the next one is under way, so that nobody waits for it.
_STALE_S: Final = 5.0
#: A reading that takes longer will not come.
_READ_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Gauge:
    """One for each process, for its event loop alone."""

    def __init__(self, measure: Callable[[], Backlog], clock: Callable[[], float] = time.monotonic) -> None:
        """`measure` is called in a thread. Raises SQLAlchemyError."""
        self._measure = measure
        self._clock = clock
        self._read_at = -math.inf
        self._backlog = Backlog(0, 0, 0.0)
        self._added = 0
        self._reading: asyncio.Task[None] | None = None

    def known(self) -> Backlog | None:
        """The backlog, with the runs that this process has added since it was read; None when that is too long ago."""
        age_s = self._clock() - self._read_at
        if age_s > _FRESH_S:
            self._begin()
        return self._backlog._replace(queued=self._backlog.queued + self._added) if age_s <= _STALE_S else None

    async def read(self) -> Backlog:
        """The same, read now where it was too long ago.

        Raises:
            Unavailable: it cannot be read in time.
            SQLAlchemyError: as `measure` does.

        """
        while (backlog := self.known()) is None:
            # One caller that leaves must not take the reading from the others.
            await asyncio.shield(self._begin())
        return backlog

    def add(self) -> None:
        """Notes a run that this process has committed."""
        self._added += 1

    async def close(self) -> None:
        """Waits for the reading that is under way."""
        if self._reading is not None:
            with contextlib.suppress(SQLAlchemyError, Unavailable):
                await self._reading

    def _begin(self) -> asyncio.Task[None]:
        """The reading that is under way; all who need one share it."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._update())
            self._reading.add_done_callback(_retrieve)
        return self._reading

    async def _update(self) -> None:
        counted = self._added
        try:
            with anyio.fail_after(_READ_S):
                self._backlog = await anyio.to_thread.run_sync(
                    self._measure,
                    abandon_on_cancel=True,
                    # Its own thread, so that it waits behind nobody.
                    limiter=anyio.CapacityLimiter(1),
                )
        except (SQLAlchemyError, TimeoutError) as error:
            _log.warning("backlog_not_read", error=type(error).__name__)
            if isinstance(error, TimeoutError):
                raise Unavailable from None
            raise
        # What was added meanwhile may be counted twice until the next reading, and never not at all.
        self._added -= counted
        self._read_at = self._clock()


def _retrieve(reading: asyncio.Task[None]) -> None:
    """An error that nobody waited for was logged, and is no surprise to the event loop."""
    if not reading.cancelled():
        reading.exception()
