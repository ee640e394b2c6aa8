"""How far the open work is, asked of Postgres itself and of the tools' ledger: what a fault interrupts, and when it goes on."""

import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import psycopg

from tests.acceptance.ledger import Line

#: Whatever happens to a run changes its row here, or takes it out.
_RUNS: Final = """
select r.id, r.step, r.turn, r.step_attempt, count(c.finished_at), coalesce(sum(c.attempt), 0), count(c.started_at)
from runs r left join tool_calls c on c.run_id = r.id where r.status in ('queued', 'in_progress') group by r.id
"""
_CALLS: Final = """
select c.run_id || '.' || c.turn || '.' || c.call_index, c.attempt
from tool_calls c join runs r on r.id = c.run_id where r.status in ('queued', 'in_progress') and c.finished_at is null
"""
_EVERY_S: Final = 0.2
_CONNECT_S: Final = 2


class Beat(NamedTuple):
    """The open work at one moment."""

    at: float
    #: Runs and unanswered calls by their ids, each with what changes when it goes on.
    work: Mapping[str, tuple[Any, ...]]
    #: The open runs.
    runs: frozenset[str]
    #: The calls of which a tool is running.
    calls: frozenset[str]


class Pulse:
    """Looks several times a second, past the proxies."""

    def __init__(self, database_url: str, ledger: Path) -> None:
        self._url = database_url
        self._ledger = ledger
        self._read_to = 0
        self._running: dict[str, tuple[str, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="pulse")
        #: The newest; while Postgres is away the one before.
        self.beat = Beat(0.0, {}, frozenset(), frozenset())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def after(self, moment: float, stop: threading.Event) -> Beat | None:
        """The first look that began after the moment; None when told to stop."""
        while (beat := self.beat).at <= moment:
            if stop.wait(_EVERY_S / 2):
                return None
        return beat

    def _look_on(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_S) as connection:
                    connection.execute("set statement_timeout = '3s'")
                    while not self._stop.wait(_EVERY_S):
                        self.beat = self._look(connection)
            except psycopg.Error:
                self._stop.wait(_EVERY_S)

    def _look(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> Beat:
        at = time.monotonic()
        runs = {str(row[0]): row[1:] for row in connection.execute(_RUNS).fetchall()}
        calls = {str(row[0]): row[1:] for row in connection.execute(_CALLS).fetchall()}
        self._read_ledger()
        # A killed tool never ends; its attempt does.
        running = {call for call, attempt in self._running.values() if calls.get(call) == (attempt,)}
        return Beat(at, runs | calls, frozenset(runs), frozenset(running))

    def _read_ledger(self) -> None:
        if not self._ledger.exists():
            return
        with self._ledger.open("rb") as file:
            file.seek(self._read_to)
            for text in file:
                if not text.endswith(b"\n"):
                    return
                self._read_to += len(text)
                line = Line.model_validate_json(text)
                if line.kind == "began":
                    self._running[line.execution] = (line.call_id, line.attempt)
                else:
                    self._running.pop(line.execution, None)


def recovery_s(pulse: Pulse, since: float, work: Collection[str], stop: threading.Event, give_up_s: float) -> float | None:
    """Seconds from `since`, the end of a fault, until all of the work has gone on that was under way when the fault began.

    The work is every open run and every call of which a tool was running. A run goes on when anything happens to it, be it
    that one call of it is answered or that its model step is claimed again; a call when it is answered or has another
    attempt. Runs and tools are short, so this holds the work's own time, of up to four seconds, and is never too little.
    None when nobody saw: told to stop, or nothing was under way. What does not go on counts `give_up_s`.
    """
    beat = pulse.after(since, stop)
    if beat is None or not work:
        return None
    waiting = {key: state for key, state in beat.work.items() if key in work}
    while waiting:
        if beat.at - since > give_up_s:
            return give_up_s
        following = pulse.after(beat.at, stop)
        if following is None:
            return None
        beat = following
        waiting = {key: state for key, state in waiting.items() if beat.work.get(key) == state}
    return max(0.0, beat.at - since)
