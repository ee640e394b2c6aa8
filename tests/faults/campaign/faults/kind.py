"""What a kind of fault is."""

import random
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from pydantic import JsonValue

from tests.faults.campaign.rig import Rig


class Missed(Exception):
    """The fault could not be brought about this time: nobody came by, or who was meant was gone."""


@dataclass(frozen=True)
class Strike:
    """A fault that has begun: whom it hit, and how long it is held."""

    target: str
    hold_s: float = 0.0
    detail: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


#: Begins the fault when it is entered and ends it when it is left; leaving may take as long as the end takes.
Strikes = Callable[[Rig, random.Random], AbstractContextManager[Strike]]


def _nothing_missing(_: Rig) -> str | None:
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    strike: Strikes
    #: Why this machine cannot have it; None when it can.
    missing: Callable[[Rig], str | None] = _nothing_missing
