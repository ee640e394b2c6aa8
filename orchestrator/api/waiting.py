"""Requests that wait for the end of a run, without a thread for each."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine, Generator
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

#: A notice is only a hint; all runs that are waited for are looked up together this often.
_POLL_S: Final = 1.0

_log = structlog.get_logger(__name__)


class Waiters:
    """All who wait in one process. They share one source of notices and one look-up."""

    def __init__(self, ended: Callable[[Collection[str]], Collection[str]], notices: Callable[[], AsyncIterator[str]]) -> None:
        """`ended` says which of the runs have ended; `notices` gives the ids of runs as they end."""
        self._ended = ended
        self._notices = notices
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._closed = False

    async def wait(self, run_id: str, timeout_s: float, gone: Coroutine[Any, Any, None]) -> None:
        """Returns when the run has ended, the time is over, the caller is `gone` or the process stops."""
        departure = asyncio.ensure_future(gone)
        try:
            # Before the run's state is looked up, so that an end in between is heard.
            with self._subscription(run_id) as end:
                await self._look_up([run_id])
                if not self._closed:
                    await asyncio.wait({end, departure}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            departure.cancel()

    @property
    def count(self) -> int:
        """Runs that are waited for."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Hears of runs that end, within the block."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]
        try:
            yield
        finally:
            self.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Lets everybody go, now and from now on."""
        self._closed = True
        for run_id in list(self._waiting):
            self._release(run_id)

    @contextlib.contextmanager
    def _subscription(self, run_id: str) -> Generator[asyncio.Future[None]]:
        end = asyncio.get_running_loop().create_future()
        self._waiting[run_id].add(end)
        try:
            yield end
        finally:
            self._waiting[run_id].discard(end)
            if not self._waiting[run_id]:
                del self._waiting[run_id]

    def _release(self, run_id: str) -> None:
        for end in self._waiting.get(run_id, ()):
            if not end.done():
                end.set_result(None)

    async def _listen(self) -> None:
        async for run_id in self._notices():
            self._release(run_id)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            if self._waiting:
                await self._look_up(list(self._waiting))

    async def _look_up(self, run_ids: list[str]) -> None:
        try:
            ended = await run_in_threadpool(self._ended, run_ids)
        except SQLAlchemyError as error:  # The next poll asks again.
            _log.warning("look_up_failed", error=type(error).__name__)
            return
        for run_id in ended:
            self._release(run_id)
