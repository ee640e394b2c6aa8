"""The leases of the calls that this process runs: refreshed together, and the calls stopped when they cannot be kept or the
worker is told to stop."""

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
from tasks.stopping import Stopping

#: A worker that is gone is noticed after so long, at most.
LEASE_S: Final = 12.0
_REFRESH_EVERY_S: Final = LEASE_S / 8
#: A silent Redis must not take up the time in which calls are stopped. It may do so twice: to connect, and to answer.
REFRESH_TIMEOUT_S: Final = 1.0
#: Between two looks at whether the worker stops and at calls that do not.
_LOOK_EVERY_S: Final = 0.5
#: A stopped call that has not ended by then is killed, where its pool can.
_KILL_AFTER_S: Final = 2.0
#: Leases that were not kept for so long are given up: one more failure, and what does not stop could not be killed in time.
_GIVE_UP_AFTER_S: Final = LEASE_S - _KILL_AFTER_S - 2 * REFRESH_TIMEOUT_S - 2 * _LOOK_EVERY_S

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
    #: Stopped by its worker while its lease may stand: whatever it answers from then on, it was interrupted.
    handed_back: bool = False


class Refreshing(Protocol):
    """The part of tasks.grants.Grants that is needed here."""

    def refresh(self, calls: Sequence[CallMessage], lease_s: float) -> list[bool]:
        """Which leases were prolonged. Raises redis.exceptions.RedisError."""
        ...


class Leases:
    """One for each process. Its thread sleeps while nothing runs.

    A call whose lease is gone was cancelled, or given to another worker because this one was silent: it is stopped. When
    Redis does not answer, every call is stopped, and killed if need be, before its lease can end, since another worker may
    then run it.
    """

    def __init__(self, grants: Refreshing, stopping: Stopping, clock: Callable[[], float] = time.monotonic) -> None:
        self._grants = grants
        self._stopping = stopping
        self._clock = clock
        self._changed = threading.Condition()
        self._held: set[Held] = set()
        self._ask_at = self._kept_at = 0.0
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, call: CallMessage, stop: Callable[[], None], kill: Callable[[], None]) -> Generator[Held]:
        """Keeps the lease of a call that was claimed just now, until the block ends."""
        held = Held(call, stop, kill)
        with self._changed:
            if not self._held:
                self._kept_at = self._clock()
                self._ask_at = self._kept_at + _REFRESH_EVERY_S
            self._held.add(held)
            self.start()
            self._changed.notify()
        try:
            yield held
        finally:
            with self._changed:
                self._held.discard(held)

    def look(self) -> None:
        """One round: hands back when the worker stops, kills what was stopped and goes on, refreshes when it is time and
        nothing is about to be killed."""
        held = self._all()
        for one in held:
            if one.stopped_at is not None and self._clock() - one.stopped_at >= _KILL_AFTER_S:
                one.kill()
            elif one.stopped_at is None and self._stopping.over:
                self._hand_back(one)
        if self._clock() >= self._ask_at and not any(self._is_ending(one) for one in held):
            self.refresh()

    def refresh(self) -> None:
        """Keeps what can be kept, stops what cannot."""
        held, asked_at = self._all(), self._clock()
        try:
            kept = self._grants.refresh([one.call for one in held], LEASE_S)
        except RedisError as error:
            _log.warning("leases_not_refreshed", calls=len(held), error=type(error).__name__)
            self._doubt(held)
            return
        self._kept_at, self._ask_at = asked_at, asked_at + _REFRESH_EVERY_S
        if any(kept):
            reach("lease.refreshed")
        for one, is_kept in zip(held, kept, strict=True):
            if not is_kept and one.stopped_at is None:
                _log.warning("lease_lost", call=str(one.call.key), attempt=one.call.attempt)
                self._stop(one)

    def _doubt(self, held: Sequence[Held]) -> None:
        """Redis is asked again at once. After a while every call is stopped; when Redis is back before their leases have
        ended they can say so."""
        self._ask_at = self._clock()
        if self._clock() - self._kept_at >= _GIVE_UP_AFTER_S:
            for one in held:
                if one.stopped_at is None:
                    self._hand_back(one)

    def _hand_back(self, held: Held) -> None:
        _log.warning("call_handed_back", call=str(held.call.key), attempt=held.call.attempt)
        held.handed_back = True
        self._stop(held)
        reach("call.returned")

    def _is_ending(self, held: Held) -> bool:
        return held.stopped_at is not None and self._clock() - held.stopped_at < _KILL_AFTER_S

    def _all(self) -> list[Held]:
        with self._changed:
            return list(self._held)

    def _stop(self, held: Held) -> None:
        held.stopped_at = self._clock()
        held.stop()

    def start(self) -> None:
        """Starts the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="toolchord-leases", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._held))
            time.sleep(_LOOK_EVERY_S)
            self.look()
