"""The way to Redis, the same for every process."""

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

#: No command waits longer: Redis is disposable, and its absence must show.
_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 2.0


def connect_async(url: str) -> AsyncRedis:
    """A client for an event loop, which connects on first use and listens for any time."""
    return AsyncRedis.from_url(  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
        url, socket_connect_timeout=_CONNECT_TIMEOUT_S, health_check_interval=10, decode_responses=True
    )


def connect(url: str, timeout_s: float = _TIMEOUT_S) -> Redis:
    """A client that connects on first use. Safe for threads; after a fork each process gets connections of its own."""
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
        url, socket_timeout=timeout_s, socket_connect_timeout=min(timeout_s, _CONNECT_TIMEOUT_S), decode_responses=True
    )
