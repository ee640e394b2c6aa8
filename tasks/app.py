"""The Celery app of every process, configured once. Each setting that differs from Celery's default says why."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from celery import Celery, Signature
from celery.signals import celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down
from kombu import Queue
from kombu.exceptions import OperationalError

from tasks.announcer import Announcer
from tasks.messages import Doorbell
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, TOOL_CALL, TURN_FINISH, TURNS_QUEUE, CallKey
from tasks.stopping import Stopping

#: After a sync tool's own timeout its process has this long to answer; then the pool kills it.
HARD_LIMIT_GRACE_S: Final = 5.0
#: A slow second net only; recovery comes from grants and the watcher. Longer than any call may run, so that Redis
#: never redelivers a live task.
VISIBILITY_TIMEOUT_S: Final = 4 * 3600
#: A worker that has given everything back ends by itself within this time, or is ended.
_EXIT_S: Final = 3.0

_SOCKET: Final[dict[str, Any]] = {
    # Without timeouts a publish on a dead link waits for ever.
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
}

_TRANSPORT: Final[dict[str, Any]] = {
    **_SOCKET,
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
    # A half-open blocking read is dropped within brpop_timeout + 2 x this, 21 s, and not 51 s.
    "health_check_interval": 10,
    # Unused priorities would make four lists of each queue; one list keeps LLEN the true backlog.
    "priority_steps": [0],
    # Look for unacknowledged messages every 5 s (default: 10 s x 10), and let a dead sweeper block it for 30 s only.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
}

_RESULTS: Final[dict[str, Any]] = {
    # Without a bound the orchestrator waits 20 s on a dead Redis and then must be restarted.
    "retry_policy": {"timeout": 5.0},
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
}

_SETTINGS: Final[dict[str, Any]] = {
    # Nothing that can run code is ever decoded.
    "task_serializer": "json",
    "result_serializer": "json",
    "event_serializer": "json",
    "accept_content": ["json"],
    "result_accept_content": ["json"],
    # Postgres holds the results. Saves 40% of a chord's Redis commands, and without a stored result Celery 5.7.0
    # cannot lose the chord of a worker killed between result and count.
    "task_ignore_result": True,
    # A message is acknowledged when its work is done. Doubles are harmless: the grant was claimed.
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    # Its fast path never counts the chord's part.
    "worker_deduplicate_successful_tasks": False,
    # No call waits behind a slow one that the same worker took earlier.
    "worker_prefetch_multiplier": 1,
    # The pool looks for dead processes every five seconds; one that is missed is then waited for this long, and not for ten.
    "worker_lost_wait": 0.5,
    # Slow imports of a tool must not look like a dead process.
    "worker_proc_alive_timeout": 30,
    # A blip of Redis must not kill tools that have side effects.
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    # Kombu's own ends a worker that has calls in flight when its connection is lost.
    "broker_transport": "tasks.transport:Transport",
    "broker_transport_options": _TRANSPORT,
    "result_backend_transport_options": _RESULTS,
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
    "redis_socket_timeout": 5.0,
    "redis_socket_connect_timeout": 2.0,
    "redis_socket_keepalive": True,
    "redis_backend_health_check_interval": 15,
    # Safe for results: the chord's scripts are idempotent. Left unset for the broker, where it would replay a push.
    "redis_retry_on_timeout": True,
    # A failed publish is left to the watcher instead of retried for long.
    "broker_connection_timeout": 2.0,
    "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
    "broker_pool_limit": 32,
    "broker_pool_acquire_timeout": 5.0,
    "broker_connection_retry_on_startup": True,
    # A Redis that is full refuses commands. Without this each worker ends of it, with all that it runs.
    "broker_channel_error_retry": True,
    "broker_connection_max_retries": None,
    "result_expires": 3600,
    # Longer than the longest run, or the chord of a slow header never ends.
    "result_chord_expires": 6 * 3600,
    # Deviates from the advice of explicit queues only: a tool names its own queue, and the orchestrator publishes
    # only to queues that live workers announced.
    "task_create_missing_queues": True,
    "task_queues": (Queue(TURNS_QUEUE), Queue(IO_QUEUE), Queue(DEFAULT_QUEUE)),
    "task_default_queue": DEFAULT_QUEUE,
    # Flower and the watcher read these events.
    "worker_send_task_events": True,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    # SIGTERM is Celery's warm shutdown, which waits for what runs; `stop_within` bounds it. Celery's own bound, its soft
    # shutdown, waits the whole time even when the calls end before, and does nothing for threads.
    "worker_max_tasks_per_child": 1000,
}


def make_app(name: str, redis_url: str, **overrides: Any) -> Celery:
    """A Celery app on one Redis, as broker and as result backend."""
    app = Celery(name, broker=redis_url, backend=f"tasks.backend:ChordBackend+{redis_url}")
    app.conf.update(_SETTINGS)
    app.conf.update(overrides)
    return app


def before_consuming(prepare: Callable[[Any], None]) -> Callable[[Any], None]:
    """Calls the function with each worker of this process before its pool starts. What it raises ends the worker, since
    Celery would log it and run on."""

    def run(instance: Any, **_: Any) -> None:
        try:
            prepare(instance)
        except Exception as error:
            raise SystemExit(f"The worker cannot start. {error}") from error

    celeryd_after_setup.connect(run, weak=False)
    return prepare


def announce(announcer: Announcer) -> None:
    """Announces this worker process from the moment it consumes until it begins to stop."""

    def start(**_: Any) -> None:
        announcer.start()

    def stop(**_: Any) -> None:
        announcer.stop()

    worker_ready.connect(start, weak=False)
    worker_shutting_down.connect(stop, weak=False)


def stop_within(stopping: Stopping, grace_s: float) -> None:
    """Has what runs given back so long after the worker was told to stop, or at once when it was told to hurry."""

    def begin(how: str, **_: Any) -> None:
        stopping.begin(grace_s if how == "Warm" else 0.0)

    def end(sender: Any, **_: Any) -> None:
        # A thread that a tool has left behind would keep the process for as long as it likes.
        timer = threading.Timer(_EXIT_S, os._exit, (sender.exitcode or 0,))
        timer.daemon = True
        timer.start()

    worker_shutting_down.connect(begin, weak=False)
    worker_shutdown.connect(end, weak=False)


def call_signature(app: Celery, doorbell: Doorbell) -> Signature:
    """The task of one attempt of a call. The same attempt has the same task id however often it is published."""
    call = doorbell.call
    return app.signature(
        TOOL_CALL,
        kwargs=call.kwargs(),
        queue=doorbell.queue,
        task_id=call.task_id,
        time_limit=doorbell.timeout_s + HARD_LIMIT_GRACE_S,
        countdown=doorbell.delay_s or None,
        ignore_result=True,
        immutable=True,
    )


def finish_signature(app: Celery, run_id: str, turn: int, *, returned: bool = True) -> Signature:
    """The body, and the errback, of a turn's chord: names only, the results are read by their keys. It comes when
    every part of the chord has returned, and says so. Its task id is for people who look for a run in a monitor."""
    return app.signature(
        TURN_FINISH,
        kwargs={"run_id": run_id, "turn": turn, "returned": returned},
        queue=TURNS_QUEUE,
        task_id=f"{run_id}.{turn}.finish",
        ignore_result=True,
        immutable=True,
    )


def ring(app: Celery, task_id: str) -> None:
    """Has the turn of the call that this task answers gathered now. Where that cannot be sent, the watcher comes to it."""
    named = CallKey.of_task(task_id)
    if named is not None:
        with suppress(OperationalError, OSError):
            finish_signature(app, named[0].run_id, named[0].turn, returned=False).apply_async()
