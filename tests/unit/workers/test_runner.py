"""A tool's function runs within its time, or is stopped."""

import asyncio
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.errors import ToolTimeout
from workers.runner import Runner


def test_a_sync_function_gets_its_arguments_and_gives_its_value() -> None:
    """The runner adds nothing to the call."""

    def pair(first: int, second: int) -> tuple[int, int]:
        return first, second

    assert Runner(5)(pair, {"second": 2, "first": 1}) == (1, 2)


def test_an_async_function_runs_on_a_loop_that_all_share() -> None:
    """Every async tool of a process is on one event loop, which is not the caller's thread."""

    async def loop() -> tuple[int, str]:
        return id(asyncio.get_running_loop()), threading.current_thread().name

    first, second = Runner(5)(loop, {}), Runner(5)(loop, {})

    assert first == second
    assert isinstance(first, tuple)
    assert first[1] != threading.current_thread().name


def test_async_functions_run_at_the_same_time() -> None:
    """Threads that wait for tools do not wait for one another: each of two meets the other inside its tool."""
    arrived: list[asyncio.Event] = []

    async def meet() -> int:
        arrived.append(asyncio.Event())
        if len(arrived) == 2:
            for event in arrived:
                event.set()
        await arrived[0].wait()
        return len(arrived)

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(Runner(5), meet, {}) for _ in range(2)]

    assert [call.result() for call in calls] == [2, 2]


def test_a_sync_function_that_takes_too_long_is_stopped() -> None:
    """Its timeout interrupts even a tool that swallows every Exception."""

    def hang() -> None:
        with contextlib.suppress(Exception):
            time.sleep(60)

    with pytest.raises(ToolTimeout, match=r"0\.05 s"):
        Runner(0.05)(hang, {})


def test_an_async_function_that_takes_too_long_is_cancelled() -> None:
    """Its coroutine sees the cancellation, so that it can let go of what it holds."""
    seen: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with pytest.raises(ToolTimeout):
        Runner(0.05)(hang, {})

    assert seen == ["cancelled"]


@pytest.mark.parametrize("error", [TimeoutError("the tool's own"), ValueError("wrong")])
def test_an_error_of_the_function_is_passed_on(error: Exception) -> None:
    """A tool's own TimeoutError is not taken for the end of its time."""

    async def fail() -> None:
        raise error

    def fail_too() -> None:
        raise error

    for function in (fail, fail_too):
        with pytest.raises(type(error), match=str(error)):
            Runner(5)(function, {})


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_an_async_function_that_exits_does_not_end_the_loop(error: type[BaseException]) -> None:
    """Its call gets the exception, and other calls run on the same loop."""

    async def leave() -> None:
        raise error

    async def stay() -> str:
        return "here"

    with pytest.raises(error):
        Runner(5)(leave, {})

    assert Runner(5)(stay, {}) == "here"


def test_the_alarm_is_off_after_the_call() -> None:
    """A tool that ends in time leaves no alarm to hit the next one."""
    Runner(0.05)(lambda: None, {})
    time.sleep(0.1)


def test_a_stopped_async_function_lets_go_before_its_call_ends() -> None:
    """Nobody runs it again while it still cleans up."""
    seen: list[str] = []
    started = threading.Event()

    async def hold() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            seen.append("let go")

    runner = Runner(60)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(runner, hold, {})
        assert started.wait(60)
        runner.stop()
        with pytest.raises(asyncio.CancelledError):
            call.result()

    assert seen == ["let go"]


def test_an_async_function_that_does_not_stop_is_given_up() -> None:
    """Its call ends all the same."""
    started, over = threading.Event(), threading.Event()

    async def stay() -> None:
        started.set()
        while not over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    runner = Runner(60)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(runner, stay, {})
        assert started.wait(60)
        runner.stop()
        runner.kill()
        with pytest.raises(asyncio.CancelledError):
            call.result()
    over.set()
