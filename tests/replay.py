"""Recorded conversations with providers (VCR cassettes), and a server that gives their answers again.

The recordings are no part of the project: tests that need them skip where they are missing.
"""

import json
import os
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import yaml
from pydantic import JsonValue

#: Where the recordings are, if there are any; the variable names another folder.
CASSETTES: Final = Path(os.environ.get("CASSETTES") or Path(__file__).parents[2] / "shared" / "data" / "cassettes")

#: What only the recorded connection meant.
_HOP: Final = frozenset({"connection", "content-encoding", "content-length", "date", "server", "set-cookie", "transfer-encoding"})
#: gzip and zlib, with or without a header.
_WINDOWS: Final = {"gzip": 31, "deflate": 47}
#: What SDKs add to a base URL.
_ENDPOINTS: Final = ("/chat/completions", "/responses", "/v1/messages", "/v1beta/", "/v1beta1/", "/v1/projects/", "/openai/deployments/")


@dataclass(frozen=True, slots=True)
class Interaction:
    """A recorded request and its answer."""

    method: str
    path: str
    request: JsonValue
    status: int
    headers: Mapping[str, str]
    answer: bytes
    #: Who was asked.
    host: str = ""

    @property
    def operation(self) -> str:
        """The last word of the path: `completions`, `messages`, `generateContent`."""
        return operation(self.path)

    @property
    def is_stream(self) -> bool:
        return "event-stream" in self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Received:
    """A request that a replay server got; its headers' names are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: JsonValue


def operation(path: str) -> str:
    """What a path asks for, whatever stands before it: versions, places and names of models."""
    return path.rstrip("/").replace(":", "/").rsplit("/", 1)[-1]


def cassettes(folder: Path = CASSETTES) -> list[Path]:
    """All recordings, or none where there is no such folder."""
    return sorted(folder.rglob("*.yaml"))


def interactions(file: Path) -> tuple[Interaction, ...]:
    """What a cassette holds, in its order."""
    loaded: Any = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(_interaction(each["request"], each["response"]) for each in loaded["interactions"])


def _interaction(request: Mapping[str, Any], response: Mapping[str, Any]) -> Interaction:
    headers = {name.lower(): ", ".join([value] if isinstance(value, str) else value) for name, value in response["headers"].items()}
    status = response.get("status_code") or response["status"]["code"]
    return Interaction(
        method=request["method"],
        path=urlsplit(str(request["uri"])).path,
        request=_value(_content(request)),
        status=status,
        headers={name: value for name, value in headers.items() if name not in _HOP},
        answer=_decoded(_content(response), headers.get("content-encoding", "")),
        host=urlsplit(str(request["uri"])).hostname or "",
    )


def _content(half: Mapping[str, Any]) -> bytes:
    """The body of a request or an answer, in any of the forms in which recorders write it."""
    if "parsed_body" in half:
        return json.dumps(half["parsed_body"]).encode()
    body = half.get("body", half.get("content"))
    if isinstance(body, dict):
        held = cast("dict[str, Any]", body)
        body = held["string"] if "string" in held else json.dumps(held)
    return body if isinstance(body, bytes) else (body or "").encode()


def _decoded(body: bytes, encoding: str) -> bytes:
    """The body as it was before it was compressed for the way; some recorders store it so already."""
    with suppress(KeyError, zlib.error):
        return zlib.decompressobj(_WINDOWS[encoding]).decompress(body)
    return body


def _value(body: bytes) -> JsonValue:
    """JSON as its value, any other body as text."""
    try:
        value: JsonValue = json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
    return value


@dataclass(slots=True)
class _Tape:
    """What is left to play, and what was asked."""

    left: list[Interaction]
    received: list[Received] = field(default_factory=list[Received])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Received) -> Interaction | None:
        """The next recorded answer to such a request."""
        with self.lock:
            self.received.append(request)
            asked = (request.method, operation(request.path))
            found = next((each for each in self.left if (each.method, each.operation) == asked), None)
            if found:
                self.left.remove(found)
        return found


class AnsweringServer:
    """Answers each request with what `answer` gives for it, on a free loopback port. `answer` is called by several threads."""

    def __init__(self, answer: Callable[[Received], Interaction]) -> None:
        self._server = _Server(("127.0.0.1", 0), _handler(answer))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="answering-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


class ReplayServer(AnsweringServer):
    """Gives a cassette's answers in their order. A request is answered by the next recorded one with its method and operation, so
    that versions, places and names of models in the path may differ.

    with ReplayServer(file) as server:
        client = OpenAI(base_url=server.base_url, api_key="any")
    """

    def __init__(self, *recorded: Path | Interaction) -> None:
        self._recorded = tuple(each for item in recorded for each in ((item,) if isinstance(item, Interaction) else interactions(item)))
        self._tape = _Tape(list(self._recorded))
        super().__init__(lambda request: self._tape.answer(request) or _nothing_left(request))

    @property
    def base_url(self) -> str:
        """What the provider's SDK takes: the recorded path up to what the SDK adds itself."""
        path = self._recorded[0].path
        ends = [path.find(endpoint) for endpoint in _ENDPOINTS]
        return self.url + path[: min((end for end in ends if end >= 0), default=0)]

    @property
    def requests(self) -> tuple[Received, ...]:
        """What was asked, in order."""
        return tuple(self._tape.received)

    @property
    def unused(self) -> tuple[Interaction, ...]:
        """The answers that nobody asked for."""
        return tuple(self._tape.left)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


def _handler(answer: Callable[[Received], Interaction]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The headers and the body are two writes, and the second would wait for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = answer(Received(self.command, urlsplit(self.path).path, headers, _value(body)))
            self.send_response(given.status)
            for name, value in (*given.headers.items(), ("content-length", str(len(given.answer)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.answer)

        do_GET = do_POST  # noqa: N815 - the base class names its methods so

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names its argument so
            del format, args

    return Handler


def _nothing_left(request: Received) -> Interaction:
    message = f"The recording has no further answer to {request.method} {request.path}."
    answer = json.dumps({"error": {"message": message}}).encode()
    return Interaction(request.method, request.path, None, 410, {"content-type": "application/json"}, answer)
