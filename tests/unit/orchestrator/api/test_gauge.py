"""What one process knows of the backlog."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from orchestrator.api import gauge as module
from orchestrator.api.gauge import Gauge
from orchestrator.errors import Unavailable
from orchestrator.store.backlog import Backlog


class Meter:
    """What the gauge reads: at once, or when it may. And the time."""

    def __init__(self) -> None:
        self.backlog = Backlog(3, 2, 1.0)
        self.reads = 0
        self.away = False
        self.may = threading.Event()
        self.may.set()
        self.now = 100.0

    def measure(self) -> Backlog:
        self.reads += 1
        self.may.wait(30)
        if self.away:
            raise OperationalError("select 1", None, ConnectionError("away"))
        return self.backlog

    def clock(self) -> float:
        return self.now


def _run(scenario: Callable[[Meter, Gauge], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        meter = Meter()
        gauge = Gauge(meter.measure, meter.clock)
        async with asyncio.timeout(20):
            await scenario(meter, gauge)
            await gauge.close()

    asyncio.run(play())


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come to be so")


def test_all_who_ask_at_once_share_one_reading() -> None:
    """A flood costs Postgres no more than one caller."""

    async def scenario(meter: Meter, gauge: Gauge) -> None:
        found = await asyncio.gather(*(gauge.read() for _ in range(50)))

        assert (set(found), meter.reads) == ({meter.backlog}, 1)

    _run(scenario)


def test_a_reading_is_used_again_for_half_a_second() -> None:
    """Then another is asked for, and nobody waits for it while the first is not too old."""

    async def scenario(meter: Meter, gauge: Gauge) -> None:
        first = await gauge.read()
        meter.now += 0.4
        assert (await gauge.read(), meter.reads) == (first, 1)

        meter.backlog = Backlog(9, 9, 9.0)
        meter.may.clear()
        meter.now += 0.2
        assert await gauge.read() == first

        meter.may.set()
        await _until(lambda: gauge.known() == meter.backlog)
        assert meter.reads == 2

    _run(scenario)


def test_what_the_process_adds_counts_until_a_reading_has_it() -> None:
    """What is added during a reading counts on top of it: a limit is reached too early rather than passed."""

    async def scenario(meter: Meter, gauge: Gauge) -> None:
        await gauge.read()
        gauge.add()
        assert (await gauge.read()).queued == 4

        meter.backlog = Backlog(4, 2, 1.0)
        meter.may.clear()
        meter.now += 1
        gauge.known()
        await _until(lambda: meter.reads == 2)
        gauge.add()
        meter.may.set()

        await _until(lambda: gauge.known() == Backlog(5, 2, 1.0))

    _run(scenario)


def test_nothing_is_known_by_a_reading_that_is_too_old() -> None:
    """A process that nobody asked for a while reads first."""

    async def scenario(meter: Meter, gauge: Gauge) -> None:
        assert gauge.known() is None
        await gauge.read()
        meter.now += 60
        meter.backlog = Backlog(7, 7, 7.0)

        assert gauge.known() is None
        assert await gauge.read() == meter.backlog

    _run(scenario)


def test_an_absent_database_is_told_once_the_reading_is_too_old() -> None:
    """For some seconds the last one is good enough, and an error that nobody waits for is no fault."""

    async def scenario(meter: Meter, gauge: Gauge) -> None:
        first = await gauge.read()
        meter.away = True
        meter.now += 1
        assert await gauge.read() == first

        meter.now += 10
        with pytest.raises(OperationalError):
            await gauge.read()

    _run(scenario)


def test_a_silent_database_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is told so, and the next one asks anew."""
    monkeypatch.setattr(module, "_READ_S", 0.05)

    async def scenario(meter: Meter, gauge: Gauge) -> None:
        meter.may.clear()
        with pytest.raises(Unavailable):
            await gauge.read()

        meter.may.set()
        assert await gauge.read() == meter.backlog

    _run(scenario)
