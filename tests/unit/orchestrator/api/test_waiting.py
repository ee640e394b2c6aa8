"""Waiting for the end of a run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from typing import Any

from sqlalchemy.exc import OperationalError

from orchestrator.api.waiting import Waiters

#: Far longer than any of these tests takes.
_LONG_S = 60.0


class Ends:
    """Runs that have ended, and notices of them."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.looked_up = 0
        self.away = False
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def ended(self, run_ids: Collection[str]) -> list[str]:
        self.looked_up += 1
        if self.away:
            raise OperationalError("select", None, ConnectionError())
        return [run_id for run_id in run_ids if run_id in self.ids]

    async def notices(self) -> AsyncIterator[str]:
        while True:
            yield await self.queue.get()


async def _stays() -> None:
    await asyncio.Event().wait()


def _run(scenario: Callable[[Ends, Waiters], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        ends = Ends()
        waiters = Waiters(ends.ended, ends.notices)
        async with asyncio.timeout(20), waiters.listening():
            await scenario(ends, waiters)

    asyncio.run(play())


async def _many(waiters: Waiters, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(waiters.wait(f"run_{index}", _LONG_S, _stays())) for index in range(count)]
    await asyncio.sleep(0.05)
    return tasks


def test_a_run_that_has_ended_is_not_waited_for() -> None:
    """Where the end came before the wait, the wait is over at once."""

    async def scenario(ends: Ends, waiters: Waiters) -> None:
        ends.ids.add("run_0")
        await waiters.wait("run_0", _LONG_S, _stays())

    _run(scenario)


def test_a_notice_ends_the_wait_of_its_run_only() -> None:
    """Who waits for another run goes on waiting."""

    async def scenario(ends: Ends, waiters: Waiters) -> None:
        tasks = await _many(waiters, 16)
        ends.queue.put_nowait("run_3")
        done, pending = await asyncio.wait(tasks, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
        assert (done, len(pending)) == ({tasks[3]}, 15)

    _run(scenario)


def test_a_lost_notice_costs_one_poll() -> None:
    """An end that nobody told is found by looking up, with one look-up for all who wait."""

    async def scenario(ends: Ends, waiters: Waiters) -> None:
        tasks = await _many(waiters, 16)
        before = ends.looked_up
        ends.ids |= {f"run_{index}" for index in range(16)}
        await asyncio.gather(*tasks)
        assert ends.looked_up - before == 1

    _run(scenario)


def test_an_absent_database_does_not_end_the_polling() -> None:
    """A look-up that fails is tried again."""

    async def scenario(ends: Ends, waiters: Waiters) -> None:
        ends.away = True
        tasks = await _many(waiters, 1)
        await asyncio.sleep(1.2)
        ends.away = False
        ends.ids.add("run_0")
        await asyncio.gather(*tasks)

    _run(scenario)


def test_a_wait_ends_with_its_time() -> None:
    """A run that does not end is waited for so long only."""

    async def scenario(_: Ends, waiters: Waiters) -> None:
        await waiters.wait("run_0", 0.05, _stays())

    _run(scenario)


def test_a_wait_ends_when_its_caller_hangs_up() -> None:
    """Nobody waits for a caller who is gone."""

    async def scenario(_: Ends, waiters: Waiters) -> None:
        await waiters.wait("run_0", _LONG_S, asyncio.sleep(0.01))

    _run(scenario)


def test_closing_ends_every_wait_and_lets_none_begin() -> None:
    """A process that stops keeps nobody."""

    async def scenario(_: Ends, waiters: Waiters) -> None:
        tasks = await _many(waiters, 4)
        waiters.close()
        await asyncio.gather(*tasks)
        await waiters.wait("run_9", _LONG_S, _stays())

    _run(scenario)


def test_two_can_wait_for_one_run() -> None:
    """Both hear of its end, and nothing is kept of them."""

    async def scenario(ends: Ends, waiters: Waiters) -> None:
        tasks = [asyncio.create_task(waiters.wait("run_0", _LONG_S, _stays())) for _ in range(2)]
        await asyncio.sleep(0.05)
        ends.queue.put_nowait("run_0")
        await asyncio.gather(*tasks)
        assert waiters.count == 0

    _run(scenario)
