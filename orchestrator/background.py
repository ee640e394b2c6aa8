"""Work that a request does not wait for."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

import structlog

#: Beyond this many nothing is taken on: they wait for a server that does not answer.
_ROOM: Final = 1000

#: What takes longer at the end is left to itself.
_END_S: Final = 2.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Background(Generic[T]):
    """Calls a function with one argument after another, on a thread of its own. What is not called when the process ends, or
    finds no room, must be safe to leave out."""

    def __init__(self, function: Callable[[T], object]) -> None:
        self._function = function
        self._waiting: queue.Queue[T | None] = queue.Queue(_ROOM)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, argument: T) -> None:
        """Returns at once."""
        with self._lock:
            # Made on first use, so after any fork.
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="toolchord-background", daemon=True)
                self._thread.start()
        with suppress(queue.Full):
            self._waiting.put_nowait(argument)

    def close(self) -> None:
        """Waits a moment for what is under way, so that what it works with can be closed."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            with suppress(queue.Full):
                self._waiting.put_nowait(None)
            thread.join(_END_S)

    def _run(self) -> None:
        while (argument := self._waiting.get()) is not None:
            try:
                self._function(argument)
            except Exception as error:  # noqa: BLE001 - the thread serves all that come after
                _log.warning("background_failed", error=type(error).__name__)
