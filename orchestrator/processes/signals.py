"""Signals that ask the process which starts others to end."""

import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def ends_by_exception() -> Generator[None]:
    """SIGTERM and SIGHUP raise SystemExit within, as SIGINT raises KeyboardInterrupt: each `with` block is left in order.

    Does nothing outside the main thread, which alone is given signals.
    """
    with _handled((signal.SIGTERM, signal.SIGHUP), _exit):
        yield


@contextmanager
def undisturbed() -> Generator[None]:
    """Signals that ask to end wait until the block is left. Does nothing outside the main thread."""
    pending: list[int] = []
    try:
        with _handled((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), lambda number, _: pending.append(number)):
            yield
    finally:
        for number in pending[:1]:
            signal.raise_signal(number)


@contextmanager
def _handled(signals: tuple[signal.Signals, ...], handler: _Handler) -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored stays so: `nohup` and a shell's `&` ask for that.
    heeded = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous or signal.SIG_DFL)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
