"""A worker whose clock is wrong by hours."""

import random
import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from tests.faults.campaign.faults.kind import Kind, Strike
from tests.faults.campaign.machine import send, tree
from tests.faults.campaign.rig import Rig
from tests.faults.faketime import VARIABLE, library

_SKEWED_S: Final = (12.0, 18.0)
#: The second is beyond the visibility timeout: such a worker takes what others hold for abandoned.
_SKEWS: Final = ("+2h", "+5h", "-2h")


def _missing(_: Rig) -> str | None:
    return None if library() else f"libfaketime is not installed (package faketime, or {VARIABLE})"


@contextmanager
def _skew(rig: Rig, rng: random.Random) -> Generator[Strike]:
    """Killed and started again with another clock; and again with the right one."""
    name = rng.choice(("worker-io-2", "worker-default-2", "coordinator-2", "watcher-2"))
    skew = rng.choice(_SKEWS)
    child = rig.wards[name]
    straight = child.spec
    wrong = {"LD_PRELOAD": str(library()), "FAKETIME": skew, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    child.spec = replace(straight, environ={**straight.environ, **wrong})
    send(signal.SIGKILL, *reversed(tree(rig.pid(name))))
    try:
        yield Strike(name, rng.uniform(*_SKEWED_S), {"skew": skew})
    finally:
        child.spec = straight
        send(signal.SIGKILL, *reversed(tree(rig.pid(name))))


CLOCK_KINDS: Final = (Kind("clock_skew", _skew, missing=_missing),)
