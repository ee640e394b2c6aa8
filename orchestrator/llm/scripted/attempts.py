"""How often one model call was tried, for the faults that only the first attempts meet."""

import threading
from collections import OrderedDict


class AttemptCounter:
    """Counts by script and conversation; the ones that were asked about longest ago are forgotten first. Safe to use from threads."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._counts: OrderedDict[tuple[str, bytes], int] = OrderedDict()
        self._lock = threading.Lock()

    def next(self, script: str, conversation: bytes) -> int:
        """The number of this attempt, from 1 on."""
        key = (script, conversation)
        with self._lock:
            self._counts[key] = number = self._counts.pop(key, 0) + 1
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
        return number

    def clear(self, script: str | None = None) -> None:
        """Forgets the attempts of one script, or all."""
        with self._lock:
            for key in [key for key in self._counts if script in (None, key[0])]:
                del self._counts[key]
