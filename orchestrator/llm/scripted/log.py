"""The requests that a scripted model received, for tests to look at."""

import json
import threading
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue

_SECRET_HEADERS: Final = frozenset({b"authorization", b"api-key", b"x-api-key", b"x-goog-api-key", b"cookie"})

#: A request as it came: its id, when, its path, its headers and its body.
_Received = tuple[str, datetime, str, list[tuple[bytes, bytes]], bytes]


class ReceivedRequest(BaseModel):
    """A request to a model, refused ones too."""

    model_config = ConfigDict(frozen=True)

    request_id: str
    received_at: datetime
    path: str
    headers: dict[str, str]
    body: JsonValue


class RequestLog:
    """The newest requests: at most `most`, and at most `most_bytes` of bodies. Safe to read from other threads."""

    def __init__(self, most: int = 1000, most_bytes: int = 64 * 2**20, file: Path | None = None) -> None:
        """Every request is also appended to the file, a line of JSON each, which outlives the process."""
        self._file = file
        self._most = most
        self._most_bytes = most_bytes
        self._kept: deque[_Received] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, request_id: str, path: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Keeps the request; keys and cookies are left out."""
        shown = [(name, value) for name, value in headers if name not in _SECRET_HEADERS]
        received = (request_id, datetime.now(UTC), path, shown, body)
        with self._lock:
            self._write(received)
            self._kept.append(received)
            self._bytes += len(body)
            while len(self._kept) > self._most or (self._bytes > self._most_bytes and len(self._kept) > 1):
                self._bytes -= len(self._kept.popleft()[-1])

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def requests(self) -> tuple[ReceivedRequest, ...]:
        """The requests, oldest first."""
        with self._lock:
            kept = tuple(self._kept)
        return tuple(map(_read, kept))

    def _write(self, received: _Received) -> None:
        if self._file is not None:
            with self._file.open("a") as file:
                file.write(_read(received).model_dump_json() + "\n")


def _read(received: _Received) -> ReceivedRequest:
    request_id, at, path, headers, body = received
    return ReceivedRequest(request_id=request_id, received_at=at, path=path, headers=_readable(headers), body=_readable_body(body))


def _readable(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}


def _readable_body(body: bytes) -> JsonValue:
    """The body as JSON, or as text when it is none."""
    try:
        value: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
    return value
