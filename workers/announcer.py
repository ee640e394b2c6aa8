"""Tells the orchestrator, as long as this worker lives, which tools it offers."""

import threading
from collections.abc import Iterable
from typing import Final

import structlog
from redis.exceptions import RedisError

from tasks.catalogue import AnyTool
from tasks.messages import Announcement, ToolSpec
from tasks.presence import ANNOUNCE_EVERY_S, Presence

#: Pools that can stop a sync tool (a killed process) and those that can stop an async one (a cancelled coroutine).
_STOPS_SYNC: Final = ("celery.concurrency.prefork",)
_STOPS_ASYNC: Final = ("celery.concurrency.prefork", "celery.concurrency.thread")

_log = structlog.get_logger(__name__)


def offered(tools: Iterable[AnyTool], queues: Iterable[str], pool: str) -> tuple[ToolSpec, ...]:
    """The tools of these queues whose timeouts the pool, named by its module, can keep. The others are refused, since
    their calls could hang for ever."""
    served = [tool for tool in tools if tool.spec.queue in set(queues)]
    kept = [tool for tool in served if pool in (_STOPS_ASYNC if tool.is_async else _STOPS_SYNC)]
    for tool in served:
        if tool not in kept:
            mend = "make it `async def` or serve its queue with --pool=prefork"
            _log.error("tool_not_announced", tool=tool.spec.name, queue=tool.spec.queue, pool=pool, mend=mend)
    return tuple(tool.spec for tool in kept)


class Announcer:
    """A thread that repeats the announcement."""

    def __init__(self, presence: Presence, announcement: Announcement) -> None:
        self._presence = presence
        self._announcement = announcement
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toolchord-announcer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Takes the announcement back, so that no new call is planned for this worker."""
        self._stop.set()
        try:
            self._presence.leave(self._announcement.worker_id)
        except RedisError:
            _log.warning("announcement_not_withdrawn", worker=self._announcement.worker)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._announce()
            self._stop.wait(ANNOUNCE_EVERY_S)

    def _announce(self) -> None:
        try:
            self._presence.announce(self._announcement)
        except RedisError as error:
            _log.warning("announcement_unsent", worker=self._announcement.worker, error=type(error).__name__)
