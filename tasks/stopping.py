"""How a worker that is told to stop gives what it runs its time, in every process of its pool."""

import threading
import time
from ctypes import c_double
from mmap import mmap
from typing import Final

_LOOK_EVERY_S: Final = 0.2


class Stopping:
    """One for each worker, made before its pool forks. The pool's processes see through shared memory what their parent
    was told. There is no lock in it: a process that is killed cannot leave one behind."""

    def __init__(self) -> None:
        # The clock of time.monotonic() is the same for all processes of a host. 0 is never.
        self._over_at = c_double.from_buffer(mmap(-1, 8))
        self._begun = threading.Event()

    def begin(self, grace_s: float) -> None:
        """What runs now has so long to end. Told again, the shorter time holds. Safe in a signal's handler."""
        over_at = time.monotonic() + grace_s
        if not self._over_at.value or over_at < self._over_at.value:
            self._over_at.value = over_at
        self._begun.set()

    @property
    def over(self) -> bool:
        """Whether what still runs is to be given back."""
        over_at = self._over_at.value
        return bool(over_at) and time.monotonic() >= over_at

    def wait(self) -> None:
        """Returns when the time is over; for the process that was told."""
        self._begun.wait()
        while not self.over:
            time.sleep(_LOOK_EVERY_S)
