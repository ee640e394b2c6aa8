"""The live catalogue: which worker processes are there and what they offer, kept in Redis while they live."""

from typing import Final

from pydantic import ValidationError
from redis import Redis

from tasks.messages import Announcement, Taker
from tasks.names import WORKERS_KEY, worker_key

#: An announcement is repeated three times before it ends.
ANNOUNCE_EVERY_S: Final = 5.0
ANNOUNCEMENT_TTL_S: Final = 15.0

_ANNOUNCE: Final = """
local now = redis.call('TIME')[1]
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[3] / 1000, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
return 1
"""

# KEYS: the workers. ARGV: what their keys begin with. An announcement that has ended is not there any more.
_LIST: Final = """
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  found[#found + 1] = redis.call('GET', ARGV[1] .. id) or nil
end
return found
"""


class Presence:
    """Announcements in one Redis. Their end is counted by the clock of Redis, never by a worker's."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._announce = redis.register_script(_ANNOUNCE)
        self._list = redis.register_script(_LIST)

    def announce(self, announcement: Announcement) -> None:
        """Says that the worker is there for another while."""
        worker_id = announcement.worker_id
        self._announce(
            keys=[worker_key(worker_id), WORKERS_KEY],
            args=[worker_id, announcement.encode(), int(ANNOUNCEMENT_TTL_S * 1000)],
        )

    def leave(self, worker_id: str) -> None:
        """Takes the announcement back at once, when a worker stops."""
        self._redis.delete(worker_key(worker_id))

    def workers(self) -> list[Announcement]:
        """All live announcements of this version. A worker of another is left out: nothing it could be sent would run."""
        return [found for text in self._live() if (found := Announcement.understood(text))]

    def takers(self) -> list[Taker]:
        """All live workers of whatever version, as far as their announcements can be read."""
        return [found for text in self._live() if (found := _taker(text))]

    def _live(self) -> list[str]:
        return self._list(keys=[WORKERS_KEY], args=[worker_key("")])


def _taker(text: str) -> Taker | None:
    try:
        return Taker.decode(text)
    except ValidationError:
        return None
