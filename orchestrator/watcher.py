"""The watcher: notes what Celery's events tell, keeps the tool catalogue, and sends again what was committed and lost.

Any number may run. Noting and keeping are harmless twice; one watcher, by a lease, sweeps.
"""

import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.engine import Engine
from orchestrator.events import Events
from orchestrator.harvest import Finding, Harvest
from orchestrator.settings import Settings
from orchestrator.store import keys, leases, runs, tools
from orchestrator.store import turns as store
from orchestrator.store.tools import Offer
from tasks import heartbeat, logs
from tasks.app import make_app
from tasks.failpoints import reach
from tasks.names import TURNS_QUEUE

_LEASE: Final = "watcher"
_LEASE_S: Final = 15.0
#: How often what the events told is written.
_NOTE_EVERY_S: Final = 0.1
#: Results that the chord's callback has not fetched by then are fetched without it.
_HARVEST_AFTER_S: Final = 0.7
#: How often the live catalogue is read.
_CATALOGUE_EVERY_S: Final = 1.0
#: How often tools that are still there are noted as seen.
_SEEN_EVERY_S: Final = 10.0
#: How often what is only kept for a while is looked through.
_PURGE_EVERY_S: Final = 600.0
#: Doorbells sent by one sweep. With more than this waiting in the queue, what seems lost is only late.
_BATCH: Final = 100
#: Waiting turns that one sweep looks at. The next one looks at those after them.
_LOOKED_AT: Final = 400

_log = structlog.get_logger(__name__)


class Watcher:
    """Three duties, each at its own pace, none of which ends the others when it fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = engine.settings
        self._events = Events(engine.app)
        self._harvest = Harvest(engine.database, engine.grants, engine.redis, engine.settings.dispatch_grace_s)
        self._ended_at: dict[tuple[str, int], float] = {}
        self._kept: dict[tuple[str, str], Offer] = {}
        self._keep_again_at = 0.0
        self._looked_at = ""
        self._holder = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"

    def run(self, stop: threading.Event) -> None:
        """Watches until told to stop."""
        duties: list[tuple[Callable[[], None], float]] = [
            (self._note, _NOTE_EVERY_S),
            (self._gather, _HARVEST_AFTER_S),
            (self._keep_catalogue, _CATALOGUE_EVERY_S),
            (self._sweep, self._settings.sweep_every_s),
            (self._purge, _PURGE_EVERY_S),
        ]
        threads = [threading.Thread(target=self._repeat, args=(duty, every, stop)) for duty, every in duties]
        threads.append(threading.Thread(target=self._events.listen, args=(stop,), daemon=True))
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads[:-1]:
            thread.join()
        with suppress(SQLAlchemyError):
            self.resign()

    def _repeat(self, duty: Callable[[], None], every_s: float, stop: threading.Event) -> None:
        while not stop.wait(every_s):
            try:
                duty()
            except Exception as error:  # noqa: BLE001 - a duty that ends for one bad value ends for all runs
                _log.warning("duty_failed", duty=duty.__name__, error=type(error).__name__)

    def _note(self) -> None:
        """Writes what the events told since the last time."""
        noted = self._events.take()
        if not noted:
            return
        now = time.monotonic()
        for (call, _), note in noted.items():
            if note.ended:
                self._ended_at.setdefault((call.run_id, call.turn), now)
        with self._engine.database.transaction() as session:
            store.started(session, {attempt: note.worker for attempt, note in noted.items() if note.worker is not None})
            # In the order in which all lock several calls.
            for (call, attempt), note in sorted(noted.items(), key=lambda item: str(item[0][0])):
                if note.progress is not None:
                    store.progressed(session, call, attempt, note.progress)
            reach("watcher.noting")
        reach("watcher.noted")

    def _gather(self) -> None:
        """Rings for turns of which calls have ended a while ago, and that still wait for them."""
        due = time.monotonic() - _HARVEST_AFTER_S
        for turn in [turn for turn, ended_at in list(self._ended_at.items()) if ended_at < due]:
            self._ended_at.pop(turn)
            self._ring(*turn)

    def _ring(self, run_id: str, turn: int) -> None:
        try:
            if found := self._harvest.look(run_id, turn):
                self._engine.dispatcher.finish(run_id, turn, returned=found is Finding.STALLED)
                reach("watcher.rung")
        except (SQLAlchemyError, RedisError) as error:
            # It is found again by the sweep.
            _log.warning("turn_not_looked_at", run_id=run_id, turn=turn, error=type(error).__name__)

    def _keep_catalogue(self) -> None:
        """Keeps in Postgres what the live workers announce."""
        offers: dict[tuple[str, str], Offer] = {}
        for announcement in self._engine.presence.workers():
            for spec in announcement.tools:
                key = (spec.name, spec.schema_hash)
                offers[key] = Offer(spec, offers[key].workers + 1 if key in offers else 1)
        if offers == self._kept and time.monotonic() < self._keep_again_at:
            return
        with self._engine.database.transaction() as session:
            tools.keep(session, offers)
            reach("catalogue.keeping")
        reach("catalogue.kept")
        self._kept, self._keep_again_at = offers, time.monotonic() + _SEEN_EVERY_S

    def lead(self) -> bool:
        """Takes or renews the lease; says whether this watcher leads now."""
        with self._engine.database.transaction() as session:
            return leases.take(session, _LEASE, self._holder, _LEASE_S)

    def resign(self) -> None:
        """Hands the lease on."""
        with self._engine.database.transaction() as session:
            leases.drop(session, _LEASE, self._holder)

    def _sweep(self) -> None:
        """Ends what is overdue and rings again for what was lost, if this watcher leads."""
        if not self.lead():
            return
        reach("watcher.led")
        grace_s = self._settings.dispatch_grace_s
        with self._engine.database.transaction() as session:
            overdue = runs.overdue(session, _BATCH)
            idle = runs.idle(session, grace_s, _BATCH)
            waiting = store.waiting(session, grace_s, self._looked_at, _LOOKED_AT)
            late = runs.late_turns(session, _BATCH)
        for run_id in overdue:
            self._expire(run_id)
        self._engine.closer.sweep(_BATCH)
        if self._waiting_doorbells() < _BATCH:
            for run_id in idle:
                self._engine.dispatcher.advance(run_id)
        for run_id, turn in late:
            self._engine.dispatcher.finish(run_id, turn)
        for run_id, turn in waiting:
            self._ring(run_id, turn)
        # Beyond the last one next time, so that each has its turn.
        self._looked_at = waiting[-1][0] if len(waiting) == _LOOKED_AT else ""

    def _expire(self, run_id: str) -> None:
        try:
            self._engine.runs.expire(run_id)
        except SQLAlchemyError as error:
            # The others are not to wait for it.
            _log.warning("run_not_ended", run_id=run_id, error=type(error).__name__)

    def _purge(self) -> None:
        with self._engine.database.transaction() as session:
            keys.purge(session)

    def _waiting_doorbells(self) -> int:
        return int(str(self._engine.redis.llen(TURNS_QUEUE)))


def main() -> None:
    """Runs a watcher until SIGTERM or SIGINT."""
    settings = Settings()
    logs.configure(settings.log_level)
    engine = Engine(settings, make_app("toolchord.watcher", settings.require_redis()))
    heartbeat.keep(settings.heartbeat_file)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        Watcher(engine).run(stop)
    finally:
        engine.close()
