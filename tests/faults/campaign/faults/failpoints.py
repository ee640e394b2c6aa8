"""Processes that are killed at a named step."""

import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from tasks.failpoints import FAILPOINTS
from tests.faults.campaign.faults.kind import Kind, Missed, Strike
from tests.faults.campaign.rig import Rig

_REACHED_WITHIN_S: Final = 15.0


@contextmanager
def _fire(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Arms one and waits until it has killed. Raises Missed when nobody comes by."""
    name = rng.choice(list(FAILPOINTS))
    armed = rig.failpoints / name
    armed.write_text(str(rng.randrange(3)))
    give_up_at = time.monotonic() + _REACHED_WITHIN_S
    while armed.exists():
        if time.monotonic() > give_up_at:
            armed.unlink(missing_ok=True)
            raise Missed
        time.sleep(0.02)
    yield Strike(name)


FAILPOINT_KINDS: Final = (Kind("failpoint", _fire),)
