"""Word that the process is told to stop."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from orchestrator.api.stopping import on_stop

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
#: Far longer than any of these tests takes.
_LONG_S = 60.0


@pytest.fixture
def heard() -> Generator[list[str]]:
    """Who was told, in order; the server's own handlers write to it."""
    heard: list[str] = []

    def servers_own(*_: object) -> None:
        heard.append("server")

    before = {number: signal.signal(number, servers_own) for number in _SIGNALS}
    yield heard
    for number, handler in before.items():
        signal.signal(number, handler)


def _run(heard: list[str], drain_s: float, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        with on_stop(lambda: heard.append("told"), lambda: heard.append("closing"), drain_s):
            await scenario()

    asyncio.run(play())


async def _until(heard: list[str], word: str) -> None:
    for _ in range(2000):
        if word in heard:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"nobody is told: {word}")


def test_without_a_drain_all_are_told_at_once(heard: list[str]) -> None:
    """The server's own handler hears of the signal as ever, and afterwards it is as before."""
    own = signal.getsignal(signal.SIGTERM)

    async def scenario() -> None:
        signal.raise_signal(signal.SIGTERM)
        assert heard == ["server"]
        await _until(heard, "closing")

    _run(heard, 0, scenario)

    assert (sorted(heard), signal.getsignal(signal.SIGTERM)) == (["closing", "server", "told"], own)


def test_a_drain_lies_between_the_word_and_the_end(heard: list[str]) -> None:
    """The server learns of SIGTERM when the time is over."""

    async def scenario() -> None:
        signal.raise_signal(signal.SIGTERM)
        await _until(heard, "told")
        assert heard == ["told"]
        await _until(heard, "closing")

    _run(heard, 0.5, scenario)

    assert heard[0] == "told"
    assert sorted(heard) == ["closing", "server", "told"]


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]])
def test_who_is_in_a_hurry_is_not_kept(heard: list[str], signals: list[signal.Signals]) -> None:
    """Ctrl-C and a second signal end the drain."""

    async def scenario() -> None:
        for number in signals:
            signal.raise_signal(number)
        await _until(heard, "closing")

    _run(heard, _LONG_S, scenario)

    assert heard.count("server") == 1


def test_a_default_handler_is_left_alone() -> None:
    """Where the server handles no signal, the signal still does what it does."""

    async def play() -> object:
        with on_stop(lambda: None, lambda: None, 0):
            return signal.getsignal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        during = asyncio.run(play())
    finally:
        signal.signal(signal.SIGTERM, before)

    assert during == signal.SIG_DFL
