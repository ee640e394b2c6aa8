"""The way to Redis, the same for every process."""

from redis import Redis

#: No command waits longer: Redis is disposable, and its absence must show.
_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 2.0


def connect(url: str, timeout_s: float = _TIMEOUT_S) -> Redis:
    """A client that connects on first use. Safe for threads; after a fork each process gets connections of its own."""
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
        url, socket_timeout=timeout_s, socket_connect_timeout=min(timeout_s, _CONNECT_TIMEOUT_S), decode_responses=True
    )
