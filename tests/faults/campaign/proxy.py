"""A TCP proxy that can be told to be a bad network."""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

_LOOPBACK: Final = "127.0.0.1"
_CHUNK: Final = 65536
#: Closing a socket then sends RST and not FIN.
_RESET: Final = struct.pack("ii", 1, 0)
_ANSWER_S: Final = 10.0

#: A path of a Unix socket, or a host and a port.
Upstream = Path | tuple[str, int]


class Way(Enum):
    """A direction of a connection."""

    UP = "to the server"
    DOWN = "to the client"


@dataclass(frozen=True, slots=True)
class Shape:
    """What happens to the bytes of one way. By default they pass."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    #: Nothing passes, and nobody is told. What was sent arrives when the silence ends, as TCP would send it again.
    silent: bool = False
    #: Of what comes next so many bytes pass; then the connection is reset.
    truncate_after: int | None = None


PASS: Final = Shape()


class _Link:
    """One connection: the client's end and the server's."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.target = {Way.UP: server, Way.DOWN: client}
        self.closed: set[Way] = set()

    def half_close(self, way: Way) -> None:
        """Ends one way; what still comes on it is dropped."""
        if way not in self.closed:
            self.closed.add(way)
            with suppress(OSError):
                self.target[way].write_eof()

    def reset(self) -> None:
        for writer in self.target.values():
            if raw := writer.get_extra_info("socket"):
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Proxy:
    """One port in front of one server. Its commands may be given from any thread and hold when they return."""

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self._upstream = upstream
        self._loop = loop
        self._shapes = {Way.UP: PASS, Way.DOWN: PASS}
        self._changed = asyncio.Event()
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    def shape(self, shape: Shape, *ways: Way) -> None:
        """Gives the ways, both by default, this shape."""
        self._do(lambda: self._reshape(dict.fromkeys(ways or Way, shape)))

    def cut(self) -> None:
        """Resets every connection."""
        self._do(lambda: [link.reset() for link in self._links])

    def half_close(self, way: Way) -> None:
        """Ends one way of every connection."""
        self._do(lambda: [link.half_close(way) for link in self._links])

    def refuse(self) -> None:
        """Accepts no new connection, until `heal`."""
        self._do(self._stop_listening)

    def heal(self) -> None:
        """Everything passes again."""
        self.shape(PASS)
        _answer(asyncio.run_coroutine_threadsafe(self.listen(), self._loop))

    @property
    def connections(self) -> int:
        return len(self._links)

    async def listen(self) -> None:
        """Accepts connections, on the port that it had before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, _LOOPBACK, self.port)
            self.port = int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Ends everything; for the proxy's own thread."""
        self._stop_listening()
        for link in self._links:
            link.reset()

    def _do(self, command: Callable[[], object]) -> None:
        async def run() -> None:
            command()

        _answer(asyncio.run_coroutine_threadsafe(run(), self._loop))

    def _reshape(self, shapes: dict[Way, Shape]) -> None:
        self._shapes |= shapes
        self._changed.set()
        self._changed = asyncio.Event()

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await _connect(self._upstream)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, server_writer)
        self._links.add(link)
        try:
            await asyncio.gather(self._pump(reader, link, Way.UP), self._pump(server_reader, link, Way.DOWN))
        except OSError:
            link.reset()
        finally:
            self._links.discard(link)
            for end in link.target.values():
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, link: _Link, way: Way) -> None:
        while data := await reader.read(_CHUNK):
            shape = await self._held(way)
            if way in link.closed:
                continue
            link.target[way].write(data[: shape.truncate_after])
            await link.target[way].drain()
            if shape.truncate_after is not None:
                link.reset()
        await self._held(way)
        link.half_close(way)

    async def _held(self, way: Way) -> Shape:
        """Waits as long as the way's shape says; gives the shape that then holds."""
        shape = self._shapes[way]
        if shape.delay_s or shape.jitter_s:
            await asyncio.sleep(shape.delay_s + random.uniform(0, shape.jitter_s))
        while (shape := self._shapes[way]).silent:
            await self._changed.wait()
        return shape


class Proxies:
    """The thread in which proxies work, for as long as the block lasts."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._all: list[Proxy] = []

    def add(self, upstream: Upstream) -> Proxy:
        """A proxy that listens on a free port."""
        proxy = Proxy(upstream, self._loop)
        self._run(proxy.listen())
        self._all.append(proxy)
        return proxy

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return _answer(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _end(self) -> None:
        for proxy in self._all:
            proxy.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _answer(future: "Future[T]") -> T:
    return future.result(_ANSWER_S)


async def _connect(upstream: Upstream) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(upstream, Path):
        return await asyncio.open_unix_connection(upstream)
    return await asyncio.open_connection(*upstream)
