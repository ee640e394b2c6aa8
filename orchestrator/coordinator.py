"""The coordinator's entry point: `celery -A orchestrator.coordinator worker -Q turns --pool=threads`."""

import threading
import time
import uuid
from functools import cache
from typing import Any, Final

import stamina
from celery.signals import setup_logging

from orchestrator import providers
from orchestrator.engine import Engine
from orchestrator.live import Broadcast
from orchestrator.llm import access
from orchestrator.llm.models import Models
from orchestrator.llm.provider import Access
from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.retry import Retrying
from orchestrator.settings import Settings
from orchestrator.turns import Turns
from tasks import heartbeat, logs
from tasks.announcer import Announcer
from tasks.app import announce, before_consuming, make_app, stop_within
from tasks.broker import connect
from tasks.messages import Announcement
from tasks.names import RUN_ADVANCE, TURN_FINISH, TURNS_QUEUE
from tasks.presence import Presence
from tasks.stopping import Stopping

#: A step that begins while the coordinator already gives back is given back so soon.
_RELEASE_EVERY_S: Final = 0.5

settings = Settings()
app = make_app("toolchord.coordinator", settings.require_redis())
stopping = Stopping()
stop_within(stopping, settings.stop_grace_s)


@cache
def _engine() -> Engine:
    return Engine(settings, app)


@cache
def _access() -> Access:
    return access.read(PROVIDERS.values())


@cache
def _turns() -> Turns:
    """The loop with its model: no other process asks models."""
    # The retry layer logs its own line; stamina's would be a second one.
    stamina.instrumentation.set_on_retry_hooks([])
    engine = _engine()
    models = Models(_access(), settings.model_connections)
    models.prepare(settings.model)
    return Turns(
        engine.database,
        Retrying(models),
        engine.dispatcher,
        engine.grants,
        engine.closer,
        listener=Broadcast(engine.redis).listener,
        model_timeout_s=settings.model_timeout_s,
        max_calls_per_turn=settings.max_calls_per_turn,
    )


@app.task(name=RUN_ADVANCE)
def advance(run_id: str) -> None:
    """Makes the run's next model call."""
    _turns().advance(run_id)


@app.task(name=TURN_FINISH)
def finish(run_id: str, turn: int, *, returned: bool) -> None:
    """Gathers the turn's results and makes the next model call."""
    _turns().finish(run_id, turn, returned=returned)


def _release_in_time() -> None:
    stopping.wait()
    while True:
        _turns().release()
        time.sleep(_RELEASE_EVERY_S)


@setup_logging.connect
def _log(**_: Any) -> None:
    logs.configure(settings.log_level)


@before_consuming
def _prepare(worker: Any) -> None:
    """Makes the engine before the pool's threads start, and says that a coordinator is there once it consumes."""
    _turns()
    providers.tell(_engine().database, _access())
    threading.Thread(target=_release_in_time, name="toolchord-release", daemon=True).start()
    heartbeat.keep(settings.heartbeat_file)
    announcement = Announcement(worker_id=uuid.uuid4().hex, worker=worker.hostname, queues=(TURNS_QUEUE,), tools=())
    announce(Announcer(Presence(connect(settings.require_redis())), announcement))
