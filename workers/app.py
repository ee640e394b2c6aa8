"""The tool workers' entry point: `celery -A workers.app worker -Q <queues>`, with any pool that can stop its tools."""

import os
import uuid
from functools import cache, partial
from typing import Any

import structlog
from celery import Task
from celery.signals import setup_logging, worker_process_init
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from tasks import heartbeat, logs
from tasks.announcer import Announcer
from tasks.app import announce, before_consuming, call_signature, make_app, ring, stop_within
from tasks.broker import connect
from tasks.catalogue import Catalogue, load
from tasks.failpoints import reach
from tasks.grants import Grants
from tasks.messages import Announcement, CallMessage
from tasks.names import TOOL_CALL
from tasks.presence import Presence
from tasks.stopping import Stopping
from workers.execute import Executor
from workers.leases import REFRESH_TIMEOUT_S, Leases
from workers.limits import CallRequest, is_ending
from workers.offer import offered
from workers.peers import Peers, wait_s
from workers.progress import Progress, Word
from workers.settings import WorkerSettings

_log = structlog.get_logger(__name__)

settings = WorkerSettings()
app = make_app("toolchord.workers", settings.redis_url.get_secret_value())
stopping = Stopping()
stop_within(stopping, settings.stop_grace_s)


@cache
def _redis() -> Redis:
    return connect(settings.redis_url.get_secret_value())


@cache
def _catalogue() -> Catalogue:
    """The tools, loaded in the parent so that pool processes start with them."""
    return load(settings.tools)


@cache
def _grants() -> Grants:
    return Grants(_redis())


@cache
def _peers() -> Peers:
    return Peers(_catalogue(), _grants(), Presence(_redis()))


@cache
def _leases() -> Leases:
    """Made on first use, since a thread does not survive a fork."""
    return Leases(Grants(connect(settings.redis_url.get_secret_value(), REFRESH_TIMEOUT_S)), stopping)


@cache
def _progress(node: str) -> Progress:
    def send(word: Word) -> None:
        with app.events.default_dispatcher(hostname=node) as dispatcher:
            dispatcher.send("task-progress", uuid=word.task_id, message=word.message, fraction=word.fraction)

    return Progress(send, (OperationalError, RedisError, OSError))


def _report(node: str, call: CallMessage, message: str, fraction: float | None) -> None:
    _progress(node).tell(Word(call.task_id, message, fraction))


@app.task(name=TOOL_CALL, bind=True, max_retries=None, Request=CallRequest)
def call(self: "Task[..., str]", **kwargs: Any) -> str:
    """Runs one attempt of a tool call. Returns the task's own id, always the same, so that a message delivered twice
    cannot confuse the chord's count. What another worker should run goes back to its queue by Celery's own retry, which
    counts no part of the chord."""
    if _peers().should_hand_on(kwargs, str((self.request.delivery_info or {}).get("routing_key"))):
        _log.info("call_handed_on", task_id=self.request.id, times=self.request.retries + 1)
        raise self.retry(countdown=wait_s(self.request.retries))
    node = str(self.request.hostname)
    executor = Executor(_catalogue(), _grants(), _leases(), node, partial(_report, node), is_ending)
    waiting = executor.execute(kwargs)
    if waiting is not None:
        following = call_signature(app, waiting)
        if self.request.chord:
            self.add_to_chord(following)
        else:
            following.apply_async()
        reach("call.passed")
    if stopping.over:
        # The turn's other calls may run for long elsewhere, and the chord's callback comes after them.
        ring(app, str(self.request.id))
    return str(self.request.id)


@setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    logs.configure(settings.log_level)


@worker_process_init.connect
def _lead_a_group(**_: Any) -> None:
    """What a tool starts can then be killed together with the pool process that runs it."""
    os.setpgid(0, 0)


@before_consuming
def _prepare(worker: Any) -> None:
    """Loads the tools before the pool starts; a bad declaration stops the worker here, with its mend."""
    catalogue = _catalogue()
    CallRequest.grants = _grants()
    heartbeat.keep(settings.heartbeat_file)
    queues = tuple(app.amqp.queues.consume_from)
    announcement = Announcement(
        worker_id=uuid.uuid4().hex,
        worker=worker.hostname,
        queues=queues,
        tools=offered(catalogue.tools.values(), queues, worker.pool_cls.__module__),
    )
    announce(Announcer(Presence(_redis()), announcement))
