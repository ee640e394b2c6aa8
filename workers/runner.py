"""Runs a tool's function within its time: async tools on the process's one event loop, sync tools in this very process."""

import asyncio
import inspect
import signal
import threading
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache
from types import FrameType
from typing import Any, Final

from tasks.errors import ToolTimeout

#: How long an event loop that a tool blocks may take to notice a timeout before the call is given up.
_LOOP_GRACE_S: Final = 5.0
#: A sync tool that swallows its alarm hears it again this often, until the pool kills its process.
_ALARM_EVERY_S: Final = 1.0


class _Alarm(BaseException):
    """Not an Exception, so that a tool's own `except Exception` does not swallow its timeout."""


def within(timeout_s: float) -> Callable[[Callable[..., object], Mapping[str, object]], object]:
    """A runner whose functions end after so many seconds. It raises ToolTimeout when they do not."""

    def run(function: Callable[..., object], arguments: Mapping[str, object]) -> object:
        if inspect.iscoroutinefunction(function):
            return _run_async(function(**arguments), timeout_s)
        return _run_sync(function, arguments, timeout_s)

    return run


def _run_async(coroutine: Coroutine[Any, Any, object], timeout_s: float) -> object:
    future: Future[object] = asyncio.run_coroutine_threadsafe(_bounded(coroutine, timeout_s), _loop())
    try:
        return future.result(timeout_s + _LOOP_GRACE_S)
    except TimeoutError:
        if not future.done():
            future.cancel()
            raise _too_late(timeout_s) from None
        raise


async def _bounded(coroutine: Coroutine[Any, Any, object], timeout_s: float) -> object:
    scope = asyncio.timeout(timeout_s)
    try:
        async with scope:
            return await coroutine
    except TimeoutError:
        # A TimeoutError of the tool's own is its failure, not ours.
        if scope.expired():
            raise _too_late(timeout_s) from None
        raise


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The process's event loop, on a thread of its own. Made on first use, so after any fork."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=_run_for_ever, args=(loop,), name="toolchord-loop", daemon=True).start()
    return loop


def _run_for_ever(loop: asyncio.AbstractEventLoop) -> None:
    """A tool's SystemExit or KeyboardInterrupt is given to its call, and then asyncio ends the loop with everybody else's calls."""
    while True:
        with suppress(SystemExit, KeyboardInterrupt):
            loop.run_forever()


def _run_sync(function: Callable[..., object], arguments: Mapping[str, object], timeout_s: float) -> object:
    try:
        with _alarm(timeout_s):
            return function(**arguments)
    except _Alarm:
        raise _too_late(timeout_s) from None


@contextmanager
def _alarm(timeout_s: float) -> Generator[None]:
    """Raises in the running function when its time is over. Needs the main thread, which is where prefork runs tasks."""
    previous = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, timeout_s, _ALARM_EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise _Alarm


def _too_late(timeout_s: float) -> ToolTimeout:
    return ToolTimeout(f"The tool did not finish within {timeout_s:.3g} s.")
