"""The leases of the calls that this process runs: refreshed together, and the calls stopped when they cannot be kept."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from redis.exceptions import RedisError

from tasks.failpoints import reach
from tasks.messages import CallMessage

#: A worker that is gone is noticed after so long, at most.
LEASE_S: Final = 10.0
#: Three refreshes may fail before a lease ends.
_REFRESH_EVERY_S: Final = LEASE_S / 4
#: A silent Redis must not take up the time in which calls are stopped.
REFRESH_TIMEOUT_S: Final = 1.5
#: A stopped call that has not ended by then is killed, where its pool can.
_KILL_AFTER_S: Final = 2.0

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Held:
    """A call under way, and how to end it."""

    call: CallMessage
    #: Asks the call's tool to end. May be called from any thread, and more than once.
    stop: Callable[[], None]
    #: Ends it without asking.
    kill: Callable[[], None]
    stopped_at: float | None = None


class Refreshing(Protocol):
    """The part of tasks.grants.Grants that is needed here."""

    def refresh(self, calls: Sequence[CallMessage], lease_s: float) -> list[bool]:
        """Which leases were prolonged. Raises redis.exceptions.RedisError."""
        ...


class Leases:
    """One for each process. Its thread sleeps while nothing runs.

    A call whose lease is gone was cancelled, or given to another worker because this one was silent: it is stopped. When
    Redis does not answer, every call is stopped before its lease can end, since another worker may then run it.
    """

    def __init__(self, grants: Refreshing, clock: Callable[[], float] = time.monotonic) -> None:
        self._grants = grants
        self._clock = clock
        self._changed = threading.Condition()
        self._held: set[Held] = set()
        self._kept_at = 0.0
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, call: CallMessage, stop: Callable[[], None], kill: Callable[[], None]) -> Generator[None]:
        """Keeps the lease of a call that was claimed just now, until the block ends."""
        held = Held(call, stop, kill)
        with self._changed:
            if not self._held:
                self._kept_at = self._clock()
            self._held.add(held)
            self.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._held.discard(held)

    def refresh(self) -> None:
        """One round: keeps what can be kept, stops what cannot, kills what was stopped and goes on."""
        with self._changed:
            held = list(self._held)
        asked_at = self._clock()
        try:
            kept = self._grants.refresh([one.call for one in held], LEASE_S)
        except RedisError as error:
            _log.warning("leases_not_refreshed", calls=len(held), error=type(error).__name__)
            kept = [self._clock() - self._kept_at < LEASE_S - _REFRESH_EVERY_S] * len(held)
        else:
            self._kept_at = asked_at
            if any(kept):
                reach("lease.refreshed")
        for one, is_kept in zip(held, kept, strict=True):
            if not is_kept:
                self._end(one)

    def _end(self, held: Held) -> None:
        if held.stopped_at is None:
            held.stopped_at = self._clock()
            _log.warning("lease_lost", call=str(held.call.key), attempt=held.call.attempt)
            held.stop()
        elif self._clock() - held.stopped_at > _KILL_AFTER_S:
            held.kill()

    def start(self) -> None:
        """Starts the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="toolchord-leases", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._held))
            time.sleep(_REFRESH_EVERY_S)
            self.refresh()
