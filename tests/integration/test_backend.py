"""Celery's Redis backend, made smaller."""

from typing import cast

from tasks.app import make_app
from tasks.backend import ChordBackend
from tasks.broker import connect


def test_what_a_grown_chord_leaves_in_redis_has_an_end(redis_url: str) -> None:
    """However often it grows, and though it never joins."""
    backend = cast("ChordBackend", make_app("test", redis_url).backend)

    for _ in range(2):
        backend.add_to_chord("some-group", None)

    with connect(redis_url) as redis:
        keys = list(redis.scan_iter("*some-group*"))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType] - not typed
        assert [(redis.get(key), int(str(redis.ttl(key))) > 0) for key in keys] == [("2", True)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - as above
