"""What every answer has: a request id, headers against caching and guessing, one line in the log."""

import re
import time
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from ulid import ULID

from orchestrator.api.door import AT_DOOR
from orchestrator.api.problems import unexpected

_REQUEST_ID: Final = "X-Request-Id"
#: What is taken from a caller: nothing that could forge a line of a log or a header.
_SAFE: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
#: Asked every few seconds by whoever watches the process.
_PROBES: Final = frozenset({"/livez", "/readyz", "/healthz"})

_log = structlog.get_logger(__name__)


class Envelope:
    """ASGI middleware around all routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id, is_last=_is_stopping(scope))
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._answer(scope, receive, answer)
            _log_request(scope, answer.status, time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:  # The last net: whatever it is, the caller gets a problem and no details.
            response = unexpected(scope, error)
            if answer.status is not None:
                raise
            await response(scope, receive, answer.send)


class _Answer:
    """Completes the headers of an answer and remembers its status."""

    def __init__(self, send: Send, request_id: str, *, is_last: bool) -> None:
        self._send = send
        self._request_id = request_id
        self._is_last = is_last
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[_REQUEST_ID] = self._request_id
            headers["Cache-Control"] = "no-store"
            headers["X-Content-Type-Options"] = "nosniff"
            if self._is_last:
                headers["Connection"] = "close"
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is safe, else a new one."""
    given = Headers(scope=scope).get(_REQUEST_ID, "")
    return given if _SAFE.fullmatch(given) else f"req_{ULID()}"


def _is_stopping(scope: Scope) -> bool:
    """Whether the caller had better not send its next request on this connection."""
    return scope["app"].state.services.stopping.is_set()


def _log_request(scope: Scope, status: int | None, seconds: float) -> None:
    # Without the query: filters by metadata are the caller's own words.
    is_told_elsewhere = scope["path"] in _PROBES or AT_DOOR in scope["state"]
    log = _log.debug if is_told_elsewhere else _log.info
    log("request", method=scope["method"], path=scope["path"][:200], status=status, ms=round(seconds * 1000))
