"""The scripted model's HTTP interface."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
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

from orchestrator.llm.scripted.completion import FINGERPRINT, MODEL, Completion
from orchestrator.llm.scripted.connection import BrokenResponse, EventStream
from orchestrator.llm.scripted.faults import CloseFault, ErrorFault, RawFault
from orchestrator.llm.scripted.library import LibraryFullError
from orchestrator.llm.scripted.loading import ScriptError, read_script
from orchestrator.llm.scripted.log import ReceivedRequest, RequestLog
from orchestrator.llm.scripted.refusal import RequestError, read_json
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Script
from orchestrator.llm.scripted.stage import Cue, Stage
from orchestrator.llm.scripted.wires.azure import Azure
from orchestrator.llm.scripted.wires.base import Wire, encoded, fault_headers
from orchestrator.llm.scripted.wires.chat import Chat
from orchestrator.llm.scripted.wires.gemini import Gemini
from orchestrator.llm.scripted.wires.messages import Messages
from orchestrator.llm.scripted.wires.openrouter import OpenRouter
from orchestrator.llm.scripted.wires.responses import Responses

#: Where each format is spoken. In Google's paths the resource names the model, and the verb says whether to stream.
_WIRES: Final[dict[str, Wire]] = {
    "/v1/chat/completions": Chat(),
    "/v1/responses": Responses(),
    "/v1/messages": Messages(),
    "/api/v1/chat/completions": OpenRouter(),
    "/openai/v1/chat/completions": Azure(),
    "/openai/v1/responses": Responses(),
    "/openai/deployments/{deployment:path}/chat/completions": Azure(),
    "/v1beta/{resource:path}:{verb}": Gemini(),
    "/v1beta1/{resource:path}:{verb}": Gemini(),
    "/v1/{resource:path}:{verb}": Gemini(),
}
_PLACES: Final = "POST /v1/chat/completions, /v1/responses, /v1/messages, /v1beta/models/MODEL:generateContent"
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
                *(Route(path, self.speaking(wire), methods=["POST"]) for path, wire in _WIRES.items()),
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

    def speaking(self, wire: Wire) -> Callable[[Request], Awaitable[Response]]:
        """What answers at the paths of one format."""

        async def complete(request: Request) -> Response:
            request_id = f"req_{uuid4().hex}"
            response = await self.complete(wire, request, request_id)
            response.headers[wire.id_header] = response.headers["x-request-id"] = request_id
            response.headers["x-toolchord-scripted-model"] = "true"
            return response

        return complete

    async def complete(self, wire: Wire, request: Request, request_id: str) -> Response:
        """Answers a model call as its script says."""
        try:
            body = await _body_of(request)
            self.log.add(request_id, request.url.path, request.headers.raw, body)
            chat = _read(wire, body, request)
            cue = self.stage.cue(chat)
        except RequestError as error:
            return _error_response(wire, error)
        if cue.latency_s:
            await asyncio.sleep(cue.latency_s)
        return _faulty(wire, chat, cue) if cue.fault else _answered(wire, chat, cue)

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


def _read(wire: Wire, body: bytes, request: Request) -> ChatRequest:
    """The request in the scripted model's own form."""
    try:
        value = read_json(body)
    except ValueError:
        raise RequestError("We could not parse the JSON body of your request. The API expects a JSON payload.") from None
    return wire.read(value, {**request.path_params, "api_version": request.query_params.get("api-version", "")})


def _answered(wire: Wire, chat: ChatRequest, cue: Cue, broken_by: ErrorFault | None = None) -> Response:
    """The reply in the form that was asked for; its stream may end with an error."""
    completion = Completion(chat, cue.standing, cue.reply)
    if not chat.stream:
        return _json_response(wire.body(completion))
    events = list(wire.events(completion))
    if broken_by:
        events = [*events[: broken_by.after_events], wire.error_event(broken_by)]
    return EventStream(events, cue.reply.chunk_delay_s)


def _faulty(wire: Wire, chat: ChatRequest, cue: Cue) -> Response:
    """The fault in the place of the reply."""
    match cue.fault:
        case ErrorFault(after_events=int()) as fault if chat.stream:
            return _answered(wire, chat, cue, fault)
        case ErrorFault() as fault:
            return Response(encoded(wire.error(fault)), fault.status, fault_headers(fault), _JSON)
        case RawFault() as fault:
            body = fault.body if isinstance(fault.body, str) else encoded(fault.body)
            return Response(body, fault.status, media_type=fault.content_type)
        case CloseFault(after_bytes=after_bytes):
            return BrokenResponse(_answered(wire, chat, cue), after_bytes)
        case None:
            return _answered(wire, chat, cue)


def _json_response(value: object, status: int = 200) -> Response:
    return Response(encoded(value), status, media_type=_JSON)


def _error_response(wire: Wire, error: RequestError) -> Response:
    fault = ErrorFault(status=error.status, message=error.message, param=error.param, code=error.code)
    return _json_response(wire.error(fault), error.status)


async def _refused(request: Request, error: Exception) -> Response:
    """An error of what is not a model call, in OpenAI's form."""
    del request
    return _error_response(_WIRES["/v1/chat/completions"], cast("RequestError", error))


async def _unknown_route(request: Request, error: Exception) -> Response:
    """An error for a path or a method that is not there."""
    message = f"The scripted model does not answer {request.method} {request.url.path}. Model calls are at {_PLACES}."
    unknown = RequestError(message, code="unknown_url", status=cast("HTTPException", error).status_code)
    return _error_response(_WIRES["/v1/chat/completions"], unknown)
