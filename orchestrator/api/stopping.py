"""Word that the process is told to stop, before the server waits for its open requests."""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop(callback: Callable[[], None]) -> Generator[None]:
    """Calls back in the event loop when a signal to stop arrives; then the server's own handler does its work.

    The lifespan's end comes too late for this: uvicorn sends it when the last open request has been answered. Outside
    the main thread, and where the server handles signals by other means, nothing is called back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: handler for number in _SIGNALS if callable(handler := signal.getsignal(number))}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        handlers[signal.Signals(number)](number, frame)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
