"""Calls that this worker cannot run and another can: a tool it does not have, or another version of one, or of the envelope."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from tasks.catalogue import Catalogue
from tasks.grants import Grants
from tasks.messages import ENVELOPE_VERSION, CallMessage, Taker
from tasks.presence import Presence

#: Workers announce themselves every few seconds.
_LOOK_EVERY_S: Final = 1.0
_LONGEST_WAIT_S: Final = 2.0


class Peers:
    """The live workers, looked up only for calls that this one cannot run. Safe for threads."""

    def __init__(self, catalogue: Catalogue, grants: Grants, presence: Presence, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalogue = catalogue
        self._grants = grants
        self._presence = presence
        self._clock = clock
        self._lock = threading.Lock()
        self._takers: Sequence[Taker] = ()
        self._look_again_at = 0.0

    def should_hand_on(self, kwargs: Mapping[str, Any], queue: str) -> bool:
        """Whether the message's call is to be handed on: it waits for a worker, this one does not know it, and another of
        its queue does. Else this worker answers it, if only to say that nobody knows it."""
        try:
            call = CallMessage.model_validate(kwargs)
        except ValidationError:
            return False
        if not call.schema_hash or self._knows(call):
            return False
        return any(taker.takes(call, queue) for taker in self._live()) and self._grants.is_granted(call)

    def _knows(self, call: CallMessage) -> bool:
        tool = self._catalogue.get(call.tool)
        return call.version == ENVELOPE_VERSION and tool is not None and tool.spec.schema_hash == call.schema_hash

    def _live(self) -> Sequence[Taker]:
        with self._lock:
            if self._clock() >= self._look_again_at:
                self._takers, self._look_again_at = self._presence.takers(), self._clock() + _LOOK_EVERY_S
            return self._takers


def wait_s(handed_on: int) -> float:
    """How long a call waits that was handed on so often before. At first not at all: Redis gives it to the worker that has
    waited longest, which is not the one that had it. Then longer and longer, since the others seem to be busy."""
    if not handed_on:
        return 0.0
    return min(_LONGEST_WAIT_S, 0.05 * 2 ** min(handed_on, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
