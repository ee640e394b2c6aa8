"""Streams of events, by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from sqlalchemy.exc import OperationalError

from orchestrator.api import streams as module
from orchestrator.api.refusals import TooManyStreams
from orchestrator.api.streams import EventStream, Streams, Watch
from orchestrator.api.texts import Texts
from orchestrator.live import Frame
from orchestrator.tables import RunEvent

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Story:
    """A run's events, told one after the other."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.looked_up = 0
        self.away = False

    def latest(self, run_ids: Collection[str]) -> dict[str, int]:
        self.looked_up += 1
        return dict.fromkeys(run_ids, len(self.kinds))

    def events(self, run_id: str, after: int, limit: int) -> list[RunEvent]:
        if self.away:
            raise OperationalError("select", None, ConnectionError())
        told = [
            RunEvent(run_id=run_id, seq=seq, at=_NOW, type=kind, turn=None, call_index=None, attempt=None, data={})
            for seq, kind in enumerate(self.kinds, 1)
        ]
        return told[after : after + limit]


def _nowhere() -> Redis:
    return Redis.from_url("redis://127.0.0.1:1")  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed


def _run(scenario: Callable[[Story, Streams], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        story = Story()
        streams = Streams(story.latest, story.events, Texts(_nowhere), most=2)
        async with asyncio.timeout(20), streams.running():
            await scenario(story, streams)

    asyncio.run(play())


def _lines(stream: EventStream) -> AsyncIterator[bytes]:
    return cast("AsyncIterator[bytes]", stream.body_iterator)


async def _rest(stream: EventStream) -> str:
    return b"".join([line async for line in _lines(stream)]).decode()


def test_what_happens_later_is_told_then() -> None:
    """One look-up serves all streams, whatever number there is."""

    async def scenario(story: Story, streams: Streams) -> None:
        story.kinds = ["run.queued"]
        readers = [asyncio.create_task(_rest(streams.open("run_1", 0))) for _ in range(2)]
        await asyncio.sleep(0.4)
        story.kinds += ["model_call.started", "run.completed"]

        told = await asyncio.gather(*readers)

        assert [text.count("event: ") for text in told] == [3, 3]
        assert story.looked_up < 10

    _run(scenario)


def test_streams_are_counted() -> None:
    """One too many is refused before it begins; one that ended leaves its place."""

    async def scenario(story: Story, streams: Streams) -> None:
        story.kinds = ["run.completed"]
        open_ones = [streams.open("run_1", 0) for _ in range(2)]
        with pytest.raises(TooManyStreams):
            streams.open("run_1", 0)

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            return {}

        async def send(_: object) -> None:
            """Takes it."""

        for stream in open_ones:
            await stream({"type": "http"}, cast("Any", receive), send)
        assert streams.count == 0

    _run(scenario)


def test_a_process_that_stops_ends_its_streams() -> None:
    """Their readers come back to another."""

    async def scenario(story: Story, streams: Streams) -> None:
        story.kinds = ["run.queued"]
        reader = asyncio.create_task(_rest(streams.open("run_1", 0)))
        await asyncio.sleep(0.05)
        streams.close()

        assert "run.queued" in await reader

    _run(scenario)


def test_a_database_that_is_away_ends_the_stream() -> None:
    """What was told is told, and the reader comes back with its last id."""

    async def scenario(story: Story, streams: Streams) -> None:
        story.away = True

        assert await _rest(streams.open("run_1", 0)) == "retry: 2000\n\n"

    _run(scenario)


def test_a_silent_stream_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a comment, which readers do not see."""
    monkeypatch.setattr(module, "_KEEP_ALIVE_S", 0.05)

    async def scenario(story: Story, streams: Streams) -> None:
        del story
        lines = _lines(streams.open("run_1", 0))

        assert [await anext(lines) for _ in range(3)] == [b"retry: 2000\n\n", b": still here\n\n", b": still here\n\n"]

    _run(scenario)


def _frame(attempt: int, number: int, text: str = "a") -> str:
    return Frame.model_validate(
        {"type": "text.delta", "turn": 1, "attempt": attempt, "try": number, "offset": 0, "text": text}
    ).model_dump_json(by_alias=True)


def test_void_text_is_not_told() -> None:
    """A coordinator that was given up may still hear its model. What nobody can read is left out."""

    async def scenario(story: Story, streams: Streams) -> None:
        del story, streams
        watch = Watch("run_1", 0)
        for message in (_frame(1, 1), _frame(2, 1), _frame(1, 2), _frame(2, 2), "no frame", "{}"):
            watch.hear(message)

        assert [watch.frames.get_nowait().rank for _ in range(watch.frames.qsize())] == [(1, 1, 1), (1, 2, 1), (1, 2, 2)]

    _run(scenario)


def test_a_slow_reader_misses_text_and_holds_no_memory() -> None:
    """The offsets tell it."""

    async def scenario(story: Story, streams: Streams) -> None:
        del story, streams
        watch = Watch("run_1", 0)
        for _ in range(5000):
            watch.hear(_frame(1, 1))

        assert watch.frames.qsize() == 1000

    _run(scenario)
