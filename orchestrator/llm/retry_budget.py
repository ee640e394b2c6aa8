"""How many model calls a process may make again: a provider that fails is not stormed by everyone who waits for it."""

import threading
import time
from collections.abc import Callable
from typing import Final

#: So many retries may follow each other at once.
_RESERVE: Final = 10.0
#: Each call earns so much of a retry: when all fail, the provider gets a fifth more calls, not four times as many.
_EARNED: Final = 0.2
#: So many retries come back each second, so that a process with few calls can still wait for its provider.
_PER_S: Final = 5.0


class RetryBudget:
    """The retries that one process may make at one provider. One that finds none left waits for the next."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left = _RESERVE
        self._at = clock()
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call is made for the first time."""
        with self._lock:
            self._left = min(self._refilled() + _EARNED, _RESERVE)

    def take(self, longest_s: float) -> float | None:
        """The seconds until one more retry may be made; it is taken then. None, and none is taken, if that is too long."""
        with self._lock:
            left = self._refilled() - 1
            wait_s = max(-left / _PER_S, 0.0)
            if wait_s > longest_s:
                return None
            self._left = left
            return wait_s

    def _refilled(self) -> float:
        now = self._clock()
        self._left = min(self._left + (now - self._at) * _PER_S, _RESERVE)
        self._at = now
        return self._left
