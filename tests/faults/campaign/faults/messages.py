"""Messages that are lost, doubled, late, or poison."""

import json
import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import RedisError

from tests.faults.campaign import sabotage
from tests.faults.campaign.faults.kind import Kind, Missed, Strike
from tests.faults.campaign.rig import Rig
from tests.faults.campaign.sabotage import QUEUES, Deed
from tests.faults.poison import malformed

_LASTS_S: Final = (4.0, 8.0)
_POISONS: Final = 5


class _Doing:
    """A deed at the publishers, for a while."""

    def __init__(self, deed: Deed, probability: float = 1.0) -> None:
        self._deed = deed
        self._probability = probability

    @contextmanager
    def __call__(self, rig: Rig, rng: random.Random) -> Generator[Strike]:
        with sabotage.doing(rig.folder, self._deed, self._probability):
            yield Strike("queues", rng.uniform(*_LASTS_S), {"probability": self._probability})


@contextmanager
def _delay(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Messages come seconds later, or a second time. Some come when their runs are long over."""
    with sabotage.doing(rig.folder, Deed.DELAY, 0.7):
        yield Strike("queues", rng.uniform(*_LASTS_S))
    send_kept(rig)


def send_kept(rig: Rig) -> int:
    """Publishes what was kept back; gives how many messages that were."""
    kept = sabotage.kept(rig.folder)
    try:
        with rig.redis() as redis:
            for queue, message in kept:
                redis.lpush(queue, json.dumps(message))
    except RedisError:
        return 0
    return len(kept)


@contextmanager
def _poison(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Some elements that are no messages, in one queue."""
    queue = rng.choice(QUEUES)
    elements = malformed(queue)
    names = rng.sample(sorted(elements), _POISONS)
    try:
        with rig.redis() as redis:
            redis.lpush(queue, *(elements[name] for name in names))
    except RedisError:
        raise Missed from None
    yield Strike(queue, detail={"elements": list(names)})


MESSAGE_KINDS: Final = (
    Kind("messages_lost", _Doing(Deed.LOSE, 0.3)),
    Kind("messages_doubled", _Doing(Deed.DOUBLE)),
    Kind("messages_delayed", _delay),
    Kind("callbacks_dropped", _Doing(Deed.LOSE_CALLBACKS)),
    Kind("callbacks_doubled", _Doing(Deed.DOUBLE_CALLBACKS)),
    Kind("poison_message", _poison),
)
