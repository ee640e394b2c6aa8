"""Word that the process is told to stop."""

import asyncio
import signal

from orchestrator.api.stopping import on_stop


def test_the_callback_comes_beside_the_servers_own_handler() -> None:
    """Both hear of the signal, and afterwards the handler is as before."""
    heard: list[str] = []

    def servers_own(*_: object) -> None:
        heard.append("server")

    async def play() -> None:
        with on_stop(lambda: heard.append("waiters")):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0.01)

    before = signal.signal(signal.SIGTERM, servers_own)
    try:
        asyncio.run(play())
        restored = signal.getsignal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert (heard, restored) == (["server", "waiters"], servers_own)


def test_a_default_handler_is_left_alone() -> None:
    """Where the server handles no signal, the signal still does what it does."""

    async def play() -> object:
        with on_stop(lambda: None):
            return signal.getsignal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        during = asyncio.run(play())
    finally:
        signal.signal(signal.SIGTERM, before)

    assert during == signal.SIG_DFL
