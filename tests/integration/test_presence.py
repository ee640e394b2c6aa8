"""Announcements on a real Redis."""

import time
from collections.abc import Iterator

import pytest

from tasks.announcer import Announcer
from tasks.broker import connect
from tasks.messages import Announcement
from tasks.names import worker_key
from tasks.presence import ANNOUNCEMENT_TTL_S, Presence


@pytest.fixture
def presence(redis_url: str) -> Iterator[Presence]:
    """The announcements of an empty Redis."""
    redis = connect(redis_url)
    yield Presence(redis)
    redis.close()


def _announcement(worker_id: str, version: int = 1) -> Announcement:
    return Announcement(version=version, worker_id=worker_id, worker=f"io@{worker_id}", queues=("io",), tools=())


def test_what_is_announced_is_there_until_it_leaves(presence: Presence) -> None:
    """Workers come and go one by one."""
    first, second = _announcement("a"), _announcement("b")
    presence.announce(first)
    presence.announce(second)
    presence.announce(second)
    assert sorted(presence.workers(), key=lambda found: found.worker_id) == [first, second]

    presence.leave("a")

    assert presence.workers() == [second]


def test_a_worker_that_falls_silent_is_not_there(presence: Presence, redis_url: str) -> None:
    """An announcement ends by itself."""
    presence.announce(_announcement("a"))
    with connect(redis_url) as redis:
        assert 0 < int(str(redis.pttl(worker_key("a")))) <= 15_000
        redis.delete(worker_key("a"))

    assert presence.workers() == []


def test_a_worker_of_another_version_is_left_out(presence: Presence) -> None:
    """Nothing is planned for a worker that would not understand it."""
    presence.announce(_announcement("new", version=2))

    assert presence.workers() == []
    assert [taker.version for taker in presence.takers()] == [2]


def test_an_announcement_that_cannot_be_read_hides_no_other(presence: Presence, redis_url: str) -> None:
    """A later version may leave out what this one needs."""
    presence.announce(_announcement("a"))
    presence.announce(_announcement("strange"))
    with connect(redis_url) as redis:
        redis.set(worker_key("strange"), '{"version": 3}')

    assert [worker.worker_id for worker in presence.workers()] == ["a"]
    assert [taker.version for taker in presence.takers()] == [1]


def test_a_worker_that_begins_to_stop_is_not_there(presence: Presence) -> None:
    """Its announcement is taken back long before it would end."""
    announcer = Announcer(presence, _announcement("a"))
    announcer.start()
    while not presence.workers():
        pass

    announcer.stop()

    stopped_at = time.monotonic()
    while presence.workers():
        assert time.monotonic() - stopped_at < ANNOUNCEMENT_TTL_S / 2
