"""Runs a tool's function within its time: async tools on the process's one event loop, sync tools in this very process."""

import asyncio
import inspect
import os
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
    """Not an Exception, so that a tool's own `except Exception` does not swallow its end."""


class Runner:
    """Runs one function. Raises ToolTimeout when its time is over, and CancelledError when it was stopped."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._stopped = threading.Event()
        self._future: Future[object] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._alarm_on = False

    def __call__(self, function: Callable[..., object], arguments: Mapping[str, object]) -> object:
        if inspect.iscoroutinefunction(function):
            return self._run_async(function(**arguments))
        return self._run_sync(function, arguments)

    def stop(self) -> None:
        """Interrupts the function, from any thread."""
        self._stopped.set()
        if self._task is not None:
            # The task and not the future: what the coroutine lets go of is then waited for.
            _loop().call_soon_threadsafe(self._task.cancel)
        elif self._future is not None:
            self._future.cancel()
        elif self._alarm_on:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    def kill(self) -> None:
        """Kills a sync tool with its process and all that it started, where the process leads a group of its own; the
        pool replaces it. An async one is waited for no longer."""
        if self._future is not None:
            self._future.cancel()
        elif self._alarm_on and os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)

    def _run_async(self, coroutine: Coroutine[Any, Any, object]) -> object:
        self._future = asyncio.run_coroutine_threadsafe(self._bounded(coroutine), _loop())
        try:
            return self._future.result(self._timeout_s + _LOOP_GRACE_S)
        except TimeoutError:
            if not self._future.done():
                self._future.cancel()
                raise self._too_late() from None
            raise
        except BaseException as error:
            # The two futures have CancelledErrors of their own.
            if self._stopped.is_set():
                raise asyncio.CancelledError from error
            raise

    async def _bounded(self, coroutine: Coroutine[Any, Any, object]) -> object:
        self._task = asyncio.current_task()
        scope = asyncio.timeout(self._timeout_s)
        try:
            async with scope:
                return await coroutine
        except TimeoutError:
            # A TimeoutError of the tool's own is its failure, not ours.
            if scope.expired():
                raise self._too_late() from None
            raise

    def _run_sync(self, function: Callable[..., object], arguments: Mapping[str, object]) -> object:
        try:
            with self._alarm():
                return function(**arguments)
        except _Alarm:
            if self._stopped.is_set():
                raise asyncio.CancelledError from None
            raise self._too_late() from None

    @contextmanager
    def _alarm(self) -> Generator[None]:
        """Raises in the running function when its time is over. Needs the main thread, which is where prefork runs tasks."""
        signal.signal(signal.SIGALRM, self._ring)
        try:
            try:
                self._alarm_on = True
                signal.setitimer(signal.ITIMER_REAL, self._timeout_s, _ALARM_EVERY_S)
                yield
            finally:
                self._alarm_on = False
        finally:
            # Twice, since the alarm may ring in the first line of a finally.
            self._alarm_on = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, _signal: int, _frame: FrameType | None) -> None:
        # The handler stays after the call, since an alarm that comes late must not end the process.
        if self._alarm_on:
            raise _Alarm

    def _too_late(self) -> ToolTimeout:
        return ToolTimeout(f"The tool did not finish within {self._timeout_s:.3g} s.")


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
