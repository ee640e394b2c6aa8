"""Responses that pause, and responses that break the connection, which ASGI alone cannot."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT: Final = "toolchord.transport"


class BreakableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, whose app also gets the connection's transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        app: Any = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope[_TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport


class EventStream(Response):
    """Server-sent events with a pause between them."""

    media_type = "text/event-stream"

    def __init__(self, events: list[bytes], pause_s: float) -> None:
        super().__init__()
        self.raw_headers = [header for header in self.raw_headers if header[0] != b"content-length"]
        self.parts = events if pause_s else [b"".join(events)]
        self.pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for number, part in enumerate(self.parts):
            if number:
                await asyncio.sleep(self.pause_s)
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Cut(Exception):
    """All bytes that may be sent were sent."""


class BrokenResponse(Response):
    """Another response, of whose body only the first bytes are sent before the connection is closed; with 0, not even its status line."""

    def __init__(self, whole: Response, after_bytes: int) -> None:
        super().__init__()
        self.whole = whole
        self.raw_headers = whole.raw_headers
        self.left = after_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_some(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            part = message["body"][: self.left]
            self.left -= len(part)
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if not (self.left and message["more_body"]):
                raise _Cut

        if self.left:
            with suppress(_Cut):
                await self.whole(scope, receive, send_some)
        await _broken_off(scope, receive)


async def _broken_off(scope: Scope, receive: Receive) -> None:
    """Closes the connection and waits until the server has seen it, so that it does not complete the response itself."""
    scope[_TRANSPORT].close()
    while (await receive())["type"] != "http.disconnect":
        pass
