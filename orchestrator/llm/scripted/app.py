"""The scripted model's HTTP interface."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast
from uuid import uuid4

from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orchestrator.llm.scripted.checks import RequestError, read_request
from orchestrator.llm.scripted.connection import BrokenResponse, EventStream
from orchestrator.llm.scripted.faults import CloseFault, ErrorFault, RawFault
from orchestrator.llm.scripted.library import LibraryFullError
from orchestrator.llm.scripted.loading import ScriptError, read_script
from orchestrator.llm.scripted.log import ReceivedRequest, RequestLog
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Script
from orchestrator.llm.scripted.stage import Cue, Stage
from orchestrator.llm.scripted.wire import FINGERPRINT, MODEL, Completion, encoded, error_body, events, fault_body, fault_headers

_LONGEST_BODY: Final = 16 * 2**20
_JSON: Final = "application/json"
_REQUESTS = TypeAdapter(tuple[ReceivedRequest, ...])


class ScriptedApp:
    """The routes of the server and what they share."""

    def __init__(self, script: Script | None = None, latency_s: float = 0.0, log: Path | None = None) -> None:
        self.stage = Stage(script, latency_s)
        self.log = RequestLog(file=log)
        self.asgi = Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/v1/models", self.models, methods=["GET"]),
                Route("/healthz", self.health, methods=["GET"]),
                Route("/requests", self.requests, methods=["GET"]),
                Route("/requests", self.delete_requests, methods=["DELETE"]),
                Route("/scripts", self.remove_scripts, methods=["DELETE"]),
                Route("/scripts/{name}", self.put_script, methods=["PUT"]),
                Route("/scripts/{name}", self.remove_script, methods=["DELETE"]),
            ],
            exception_handlers={HTTPException: _unknown_route, RequestError: _refused},
        )

    async def complete(self, request: Request) -> Response:
        """Answers a chat-completion request as its script says."""
        body = await _body_of(request)
        request_id = f"req_{uuid4().hex}"
        self.log.add(request_id, request.headers.raw, body)
        response = await self.answer(body)
        response.headers["x-request-id"] = request_id
        response.headers["x-toolchord-scripted-model"] = "true"
        return response

    async def answer(self, body: bytes) -> Response:
        try:
            chat = read_request(body)
            cue = self.stage.cue(chat)
        except RequestError as error:
            return _error_response(error)
        if cue.latency_s:
            await asyncio.sleep(cue.latency_s)
        return _faulty(chat, cue) if cue.fault else _answered(chat, cue)

    async def models(self, request: Request) -> Response:
        del request
        names = [MODEL, *(f"{MODEL}/{name}" for name in self.stage.library.names)]
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "toolchord"} for name in names]
        return _json_response({"object": "list", "data": data})

    async def health(self, request: Request) -> Response:
        del request
        return _json_response({"status": "ok", "model": FINGERPRINT})

    async def requests(self, request: Request) -> Response:
        del request
        return Response(b'{"data":' + _REQUESTS.dump_json(self.log.requests()) + b"}", media_type=_JSON)

    async def delete_requests(self, request: Request) -> Response:
        del request
        self.forget_requests()
        return Response(status_code=204)

    def forget_requests(self) -> None:
        """Empties the log, and counts all attempts anew."""
        self.log.clear()
        self.stage.attempts.clear()

    async def put_script(self, request: Request) -> Response:
        """Registers the script of the body under the name of the path."""
        body = await _body_of(request)
        with _as_request_errors():
            model = self.stage.register(request.path_params["name"], read_script(body))
        return _json_response({"model": model})

    async def remove_script(self, request: Request) -> Response:
        self.stage.library.remove(request.path_params["name"])
        return Response(status_code=204)

    async def remove_scripts(self, request: Request) -> Response:
        del request
        self.stage.library.clear()
        return Response(status_code=204)


async def _body_of(request: Request) -> bytes:
    """The whole body. Raises RequestError when it is too long."""
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > _LONGEST_BODY:
            raise RequestError(f"The body is longer than {_LONGEST_BODY} bytes.", code="request_too_large", status=413)
        parts.append(part)
    return b"".join(parts)


@contextmanager
def _as_request_errors() -> Generator[None]:
    """Turns what is wrong with a script into an error for the one who registers it."""
    try:
        yield
    except LibraryFullError as error:
        raise RequestError(str(error), code="too_many_scripts", status=507) from None
    except (ScriptError, ValueError) as error:
        raise RequestError(str(error), code="invalid_script") from None


def _answered(chat: ChatRequest, cue: Cue) -> Response:
    """The reply in the form that was asked for."""
    completion = Completion(chat, cue.standing, cue.reply)
    if chat.stream:
        return EventStream(events(completion, with_usage=chat.wants_usage_chunk), cue.reply.chunk_delay_s)
    return _json_response(completion.body())


def _faulty(chat: ChatRequest, cue: Cue) -> Response:
    """The fault in the place of the reply."""
    match cue.fault:
        case ErrorFault() as fault:
            return Response(encoded(fault_body(fault)), fault.status, fault_headers(fault), _JSON)
        case RawFault() as fault:
            body = fault.body if isinstance(fault.body, str) else encoded(fault.body)
            return Response(body, fault.status, media_type=fault.content_type)
        case CloseFault(after_bytes=after_bytes):
            return BrokenResponse(_answered(chat, cue), after_bytes)
        case None:
            return _answered(chat, cue)


def _json_response(value: object, status: int = 200) -> Response:
    return Response(encoded(value), status, media_type=_JSON)


def _error_response(error: RequestError) -> Response:
    return _json_response(error_body(error.message, "invalid_request_error", error.param, error.code), error.status)


async def _refused(request: Request, error: Exception) -> Response:
    del request
    return _error_response(cast("RequestError", error))


async def _unknown_route(request: Request, error: Exception) -> Response:
    """An error in OpenAI's form for a path or a method that is not there."""
    message = f"The scripted model does not answer {request.method} {request.url.path}. Chat completions are at POST /v1/chat/completions."
    status = cast("HTTPException", error).status_code
    return _json_response(error_body(message, "invalid_request_error", code="unknown_url"), status)
