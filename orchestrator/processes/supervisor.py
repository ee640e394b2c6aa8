"""A set of child processes that is kept running and stopped as one."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Self

import structlog

from orchestrator.processes.child import Child, ProcessSpec
from orchestrator.processes.signals import undisturbed

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a process that died is started again."""

    #: Seconds before the first restart; doubled by each further death within the window.
    backoff_s: float = 0.5
    max_backoff_s: float = 8.0
    #: Deaths within the window that are borne; one more ends the attempts.
    deaths: int = 5
    window_s: float = 60.0


class RestartBook:
    """The deaths of one process, and what follows from them."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._deaths: deque[float] = deque()

    def record_death(self, now: float) -> float | None:
        """When to start it again, or None when it died too often. Times are those of one monotonic clock."""
        policy = self._policy
        self._deaths.append(now)
        while self._deaths[0] <= now - policy.window_s:
            self._deaths.popleft()
        if len(self._deaths) > policy.deaths:
            return None
        return now + min(policy.backoff_s * 2 ** (len(self._deaths) - 1), policy.max_backoff_s)


class Supervisor:
    """Starts processes, restarts those that die and stops them all. Nothing runs in the background: who holds it calls
    `mend` now and then, from the thread that started them."""

    def __init__(self, policy: RestartPolicy | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy or RestartPolicy()
        self._clock = clock
        self._wards: list[_Ward] = []

    @property
    def children(self) -> tuple[Child, ...]:
        return tuple(ward.child for ward in self._wards)

    def start(self, specs: Iterable[ProcessSpec]) -> None:
        """Starts more processes. Raises OSError when one cannot be started; the others then wait for `stop`."""
        for spec in specs:
            child = Child(spec)
            self._wards.append(_Ward(child, RestartBook(self._policy)))
            child.start()

    def check(self) -> None:
        """Raises ProcessDiedError when a process is not running."""
        for child in self.children:
            if not child.running:
                raise child.died()

    def mend(self) -> None:
        """Starts again what died, after its backoff. Raises ProcessDiedError for a process that died too often."""
        now = self._clock()
        for ward in self._wards:
            ward.mend(now)

    def stop(self) -> None:
        """Stops every process with all that it started, stage by stage. Safe to call twice; an interrupt waits."""
        with undisturbed():
            by_stage = sorted(self.children, key=_stage)
            for _, children in groupby(by_stage, key=_stage):
                _stop_together(tuple(children))
            self._wards.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class _Ward:
    """A child under supervision."""

    def __init__(self, child: Child, book: RestartBook) -> None:
        self.child = child
        self._book = book
        self._start_at: float | None = None

    def mend(self, now: float) -> None:
        if self.child.running:
            return
        if self._start_at is None:
            self._record_death(now)
        elif now >= self._start_at:
            self._start_at = None
            self.child.start()
            _log.info("process_restarted", process=self.child.spec.name, pid=self.child.pid)

    def _record_death(self, now: float) -> None:
        _log.warning("process_died", process=self.child.spec.name, exit_code=self.child.exit_code)
        self.child.kill()  # What it started must not meet its successor.
        self._start_at = self._book.record_death(now)
        if self._start_at is None:
            raise self.child.died()


def _stage(child: Child) -> int:
    return child.spec.stop_stage


def _stop_together(children: tuple[Child, ...]) -> None:
    asked_at = time.monotonic()
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait(asked_at + child.spec.grace_s - time.monotonic())
        child.kill()
