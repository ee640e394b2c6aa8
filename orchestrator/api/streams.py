"""Runs that are watched: their events as they are stored, and their text while it is written, as server-sent events.

A stream holds no thread. All streams of a process share one look-up of what is new, and one connection for live text.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from typing import Final

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from orchestrator.api.refusals import TooManyStreams
from orchestrator.api.render import event_object
from orchestrator.api.texts import Texts
from orchestrator.live import Frame
from orchestrator.store.events import TERMINAL
from orchestrator.tables import RunEvent

#: How often all runs that are watched are looked up together.
_LOOK_UP_S: Final = 0.25
#: A silent connection is cut by what lies between.
_KEEP_ALIVE_S: Final = 15.0
#: Events read at once.
_PAGE: Final = 200
#: Frames that wait for a slow reader; it misses those beyond, and their offsets show it.
_ROOM: Final = 1000
#: The reader comes back so soon, in milliseconds.
_RETRY: Final = b"retry: 2000\n\n"
_ENDS: Final = frozenset(TERMINAL.values())

_log = structlog.get_logger(__name__)


class Watch:
    """One reader's place in a run."""

    def __init__(self, run_id: str, seen: int) -> None:
        self.run_id = run_id
        self.seen = seen
        self.frames: asyncio.Queue[Frame] = asyncio.Queue(_ROOM)
        self._changed = asyncio.Event()
        self._rank = (0, 0, 0)

    def wake(self) -> None:
        """There may be something to read."""
        self._changed.set()

    def hear(self, message: str) -> None:
        """Takes a frame, unless a newer one has made it void."""
        try:
            frame = Frame.model_validate_json(message)
        except ValidationError:  # Of another version.
            return
        if frame.rank >= self._rank and not self.frames.full():
            self._rank = frame.rank
            self.frames.put_nowait(frame)
        self.wake()

    async def changed(self) -> bool:
        """Waits; whether there is something before the connection is to be kept alive."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KEEP_ALIVE_S):
                await self._changed.wait()
        found = self._changed.is_set()
        self._changed.clear()
        return found


class Streams:
    """All streams of one process."""

    def __init__(
        self,
        latest: Callable[[Collection[str]], Mapping[str, int]],
        events: Callable[[str, int, int], list[RunEvent]],
        texts: Texts,
        most: int,
    ) -> None:
        """`latest` gives the number of each run's newest event, `events` those of a run beyond a number. `most`: streams at once."""
        self._latest = latest
        self._events = events
        self._texts = texts
        self._most = most
        self._watches: set[Watch] = set()
        self._closed = False

    @property
    def count(self) -> int:
        """Streams that are open."""
        return len(self._watches)

    def open(self, run_id: str, after: int) -> "EventStream":
        """The answer that streams a run's events beyond `after`. Raises TooManyStreams."""
        if len(self._watches) >= self._most:
            raise TooManyStreams
        watch = Watch(run_id, after)
        self._watches.add(watch)
        return EventStream(self._lines(watch), lambda: self._watches.discard(watch))

    def close(self) -> None:
        """Ends all streams, now and from now on. Their readers come back to another process."""
        self._closed = True
        for watch in self._watches:
            watch.wake()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Looks for what is new, within the block."""
        task = asyncio.create_task(self._look())
        try:
            async with self._texts.listening():
                yield
        finally:
            self.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_UP_S)
            watches = list(self._watches)
            if not watches:
                continue
            try:
                latest = await run_in_threadpool(self._latest, {watch.run_id for watch in watches})
            except SQLAlchemyError as error:  # The next look asks again.
                _log.warning("look_up_failed", error=type(error).__name__)
                continue
            for watch in watches:
                if latest.get(watch.run_id, 0) > watch.seen:
                    watch.wake()

    async def _lines(self, watch: Watch) -> AsyncIterator[bytes]:
        with self._texts.heard(watch.run_id, watch.hear):
            yield _RETRY
            watch.wake()
            while not self._closed:
                if not await watch.changed():
                    yield b": still here\n\n"
                    continue
                try:
                    # First, so that a model call is told before its text.
                    events = await run_in_threadpool(self._events, watch.run_id, watch.seen, _PAGE)
                except SQLAlchemyError as error:
                    _log.warning("stream_interrupted", error=type(error).__name__)
                    return
                for event in events:
                    yield _told(event)
                    watch.seen = event.seq
                    if event.type in _ENDS:
                        return
                while not watch.frames.empty():
                    yield _spoken(watch.frames.get_nowait())
                if len(events) == _PAGE:
                    watch.wake()


class EventStream(StreamingResponse):
    """Server-sent events (WHATWG HTML, 9.2)."""

    media_type = "text/event-stream"

    def __init__(self, lines: AsyncIterator[bytes], ended: Callable[[], None]) -> None:
        # Else nginx collects an answer before it passes it on.
        super().__init__(lines, headers={"X-Accel-Buffering": "no"})
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()


def _told(event: RunEvent) -> bytes:
    return f"id: {event.seq}\nevent: {event.type}\ndata: {event_object(event).model_dump_json()}\n\n".encode()


def _spoken(frame: Frame) -> bytes:
    """Without an id: who comes back is not told again."""
    left_out = {"type", "offset", "text"} if frame.type == "text.begin" else {"type"}
    return f"event: {frame.type}\ndata: {frame.model_dump_json(by_alias=True, exclude=left_out)}\n\n".encode()
