"""Tells the others, as long as this process lives, that it is there and what it offers."""

import threading

import structlog
from redis.exceptions import RedisError

from tasks.messages import Announcement
from tasks.presence import ANNOUNCE_EVERY_S, Presence

_log = structlog.get_logger(__name__)


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
        """Has the announcement taken back, so that no new call is planned for this worker. Safe in a signal's handler:
        Redis is spoken to by the thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._announce()
            self._stop.wait(ANNOUNCE_EVERY_S)
        self._withdraw()

    def _announce(self) -> None:
        try:
            self._presence.announce(self._announcement)
        except RedisError as error:
            _log.warning("announcement_unsent", worker=self._announcement.worker, error=type(error).__name__)

    def _withdraw(self) -> None:
        try:
            self._presence.leave(self._announcement.worker_id)
        except RedisError:
            _log.warning("announcement_not_withdrawn", worker=self._announcement.worker)
