"""The tool workers' entry point: `celery -A workers.app worker -Q <queues>`, with any pool that can stop its tools."""

import os
import uuid
from functools import cache, partial
from typing import Any

from celery import Task
from celery.signals import celeryd_after_setup, setup_logging, worker_process_init, worker_ready, worker_shutting_down
from redis import Redis

from tasks import heartbeat, logs
from tasks.app import call_signature, make_app
from tasks.broker import connect
from tasks.catalogue import Catalogue, load
from tasks.errors import DeclarationError
from tasks.grants import Grants
from tasks.messages import Announcement, CallMessage
from tasks.names import TOOL_CALL
from tasks.presence import Presence
from workers.announcer import Announcer, offered
from workers.execute import Executor, worker_name
from workers.leases import Leases
from workers.limits import CallRequest
from workers.settings import WorkerSettings

settings = WorkerSettings()
app = make_app("toolchord.workers", settings.redis_url.get_secret_value())


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
def _leases() -> Leases:
    """Made on first use, since a thread does not survive a fork."""
    return Leases(_grants())


def _report(worker: str, call: CallMessage, message: str, fraction: float | None) -> None:
    with app.events.default_dispatcher(hostname=worker) as dispatcher:
        dispatcher.send("task-progress", uuid=call.task_id, message=message, fraction=fraction)


@app.task(name=TOOL_CALL, bind=True, Request=CallRequest)
def call(self: "Task[..., str]", **kwargs: Any) -> str:
    """Runs one attempt of a tool call. Returns the task's own id, always the same, so that a message delivered twice
    cannot confuse the chord's count."""
    node = str(self.request.hostname)
    executor = Executor(_catalogue(), _grants(), _leases(), worker_name(node), partial(_report, node))
    waiting = executor.execute(kwargs)
    if waiting is not None:
        following = call_signature(app, waiting)
        if self.request.chord:
            self.add_to_chord(following)
        else:
            following.apply_async()
    return str(self.request.id)


@setup_logging.connect
def _log(**_: Any) -> None:
    logs.configure(settings.log_level)


@worker_process_init.connect
def _lead_a_group(**_: Any) -> None:
    """What a tool starts can then be killed together with the pool process that runs it."""
    os.setpgid(0, 0)


@celeryd_after_setup.connect
def _prepare(instance: Any, **_: Any) -> None:
    """Loads the tools before the pool starts; a bad declaration stops the worker here, with its mend."""
    try:
        catalogue = _catalogue()
    except DeclarationError as error:
        raise SystemExit(str(error)) from error
    CallRequest.grants = _grants()
    heartbeat.keep(settings.heartbeat_file)
    queues = tuple(app.amqp.queues.consume_from)
    announcement = Announcement(
        worker_id=uuid.uuid4().hex,
        worker=instance.hostname,
        queues=queues,
        tools=offered(catalogue.tools.values(), queues, instance.pool_cls.__module__),
    )
    announcer = Announcer(Presence(_redis()), announcement)

    def start(**_: Any) -> None:
        announcer.start()

    def stop(**_: Any) -> None:
        announcer.stop()

    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)
