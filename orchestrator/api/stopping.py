"""Word that the process is told to stop, before the server closes its door and waits for its open requests."""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def on_stop(told: Callable[[], None], closing: Callable[[], None], drain_s: float) -> Generator[None]:
    """Calls back in the event loop: `told` when a signal to stop arrives, and `closing` when the server is about to close.

    Between the two SIGTERM leaves `drain_s` seconds, in which the server serves as before, so that a load balancer sends
    elsewhere first; SIGINT and a second signal leave none. The lifespan's end comes too late for all this: uvicorn sends
    it when the last open request has been answered. Outside the main thread, and where the server handles signals by
    other means, nothing is called back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers = {number: handler for number in _SIGNALS if callable(handler := signal.getsignal(number))}
    heard: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        loop.call_soon_threadsafe(told)
        if number == signal.SIGTERM and len(heard) == 1 and drain_s:
            loop.call_soon_threadsafe(loop.call_later, drain_s, close, number)
        else:
            close(number, frame)

    def close(number: int, frame: FrameType | None = None) -> None:
        loop.call_soon_threadsafe(closing)
        handlers[signal.Signals(number)](number, frame)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
