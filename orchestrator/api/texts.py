"""Live text of the runs that are watched in this process, over one connection to Redis."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from orchestrator.live import channel

#: A run that begins to be watched is heard so soon.
_LOOK_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0

_log = structlog.get_logger(__name__)


class Texts:
    """Passes messages on as they come. None is kept: who does not listen has missed it."""

    def __init__(self, connect: Callable[[], Redis]) -> None:
        self._connect = connect
        self._heard: defaultdict[str, set[Callable[[str], None]]] = defaultdict(set)
        self._is_wanted = asyncio.Event()

    @contextlib.contextmanager
    def heard(self, run_id: str, hear: Callable[[str], None]) -> Generator[None]:
        """Calls back with every message of the run, within the block."""
        name = channel(run_id)
        self._heard[name].add(hear)
        self._is_wanted.set()
        try:
            yield
        finally:
            self._heard[name].discard(hear)
            if not self._heard[name]:
                del self._heard[name]
            if not self._heard:
                self._is_wanted.clear()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Listens within the block, connected while anybody watches."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            await self._is_wanted.wait()
            client = self._connect()
            try:
                await self._pass_on(client.pubsub())  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
                pause_s = _FIRST_PAUSE_S
            except (RedisError, OSError, UnicodeError) as error:
                _log.warning("live_text_interrupted", error=type(error).__name__, pause_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            finally:
                await client.aclose()

    async def _pass_on(self, subscription: Any) -> None:
        """Until nobody watches. One task alone speaks on the connection, so that nothing is read twice."""
        known: set[str] = set()
        async with subscription:
            while wanted := set(self._heard):
                if new := wanted - known:
                    await subscription.subscribe(*new)
                if old := known - wanted:
                    await subscription.unsubscribe(*old)
                known = wanted
                message = await subscription.get_message(ignore_subscribe_messages=True, timeout=_LOOK_S)
                if message is not None:
                    for hear in list(self._heard.get(message["channel"], ())):
                        hear(message["data"])
