"""Which calls a worker hands on, with grants and announcements on a real Redis."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tasks import tool
from tasks.broker import connect
from tasks.catalogue import Catalogue
from tasks.grants import Grants
from tasks.messages import Announcement, CallMessage, Grant, ToolSpec
from tasks.presence import Presence
from workers.peers import Peers, wait_s


@tool
async def note(number: int) -> str:
    """Notes a number."""
    return f"noted {number}"


_NEWER = note.spec.model_copy(update={"schema_hash": "newer"})
_OTHER = note.spec.model_copy(update={"name": "other", "schema_hash": "other"})


class Place:
    """A worker that knows `note` only, and the others of its queue."""

    def __init__(self, redis_url: str) -> None:
        self.redis = connect(redis_url)
        self.grants = Grants(self.redis)
        self.presence = Presence(self.redis)
        self.now = 0.0
        self.peers = Peers(Catalogue({"note": note}), self.grants, self.presence, lambda: self.now)

    def announce(self, spec: ToolSpec, queue: str = "io", version: int = 1) -> None:
        self.presence.announce(Announcement(version=version, worker_id="w2", worker="io@w2", queues=(queue,), tools=(spec,)))

    def call(self, spec: ToolSpec, **changes: Any) -> dict[str, Any]:
        call = CallMessage(run_id="run_1", turn=1, index=0, attempt=1, tool=spec.name, schema_hash=spec.schema_hash).model_copy(
            update=changes
        )
        grant = Grant(call=call, queue="io", schema_hash=spec.schema_hash, arguments="{}", timeout_s=1, deadline_s=60)
        self.grants.put("run_1", 1, [grant], [], ttl_s=60)
        return call.kwargs()

    def hands_on(self, kwargs: Mapping[str, Any]) -> bool:
        return self.peers.should_hand_on(kwargs, "io")


@pytest.fixture
def place(redis_url: str) -> Iterator[Place]:
    """A worker alone."""
    place = Place(redis_url)
    yield place
    place.redis.close()


@pytest.mark.parametrize("spec", [_NEWER, _OTHER])
def test_what_another_worker_of_the_queue_knows_is_handed_on(place: Place, spec: ToolSpec) -> None:
    """A tool that this worker does not have, or another version of one."""
    place.announce(spec)

    assert place.hands_on(place.call(spec))


def test_a_call_of_another_envelope_goes_to_a_worker_of_that_version(place: Place) -> None:
    """Also when both know the tool."""
    place.announce(note.spec, version=2)

    assert place.hands_on(place.call(note.spec, version=2))


def test_what_this_worker_knows_stays(place: Place) -> None:
    """However many others know it, nobody is asked."""
    place.announce(note.spec)

    assert not place.hands_on(place.call(note.spec))


def test_what_nobody_knows_stays(place: Place) -> None:
    """The worker answers it; so it does for a tool of another queue, of another version, or of none."""
    assert not place.hands_on(place.call(_NEWER))

    for queue, version in (("default", 1), ("io", 2)):
        place.now += 2
        place.announce(_NEWER, queue, version)
        assert not place.hands_on(place.call(_NEWER))

    assert not place.hands_on(place.call(_NEWER, schema_hash=""))
    assert not place.hands_on({"version": 1})


def test_what_is_not_granted_stays(place: Place) -> None:
    """A saved message does not travel from worker to worker."""
    place.announce(_NEWER)
    kwargs = place.call(_NEWER)
    place.grants.claim(CallMessage.model_validate(kwargs), lease_s=60)

    assert not place.hands_on(kwargs)


def test_a_worker_that_left_is_forgotten_within_seconds(place: Place) -> None:
    """A call travels only while somebody says that he knows it."""
    place.announce(_NEWER)
    kwargs = place.call(_NEWER)
    assert place.hands_on(kwargs)

    place.presence.leave("w2")
    place.now += 2

    assert not place.hands_on(kwargs)


def test_a_call_waits_longer_the_more_often_it_was_handed_on() -> None:
    """Not at first, and never for long, whatever a header says."""
    waits = [wait_s(times) for times in (0, 1, 6, 10**9)]

    assert waits[0] == 0
    assert 0 < waits[1] < waits[2]
    assert max(waits) <= 2
