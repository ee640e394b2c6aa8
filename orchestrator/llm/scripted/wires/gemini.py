"""Google's generateContent and streamGenerateContent, of the Gemini API and of Vertex AI."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.llm.scripted.checks import gemini
from orchestrator.llm.scripted.completion import Completion, fragments
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import TokenCounts
from orchestrator.llm.scripted.signatures import signature
from orchestrator.llm.scripted.wires.base import Json, Wire, event

_FINISH_REASONS: Final = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_STREAMED: Final = {"generateContent": False, "streamGenerateContent": True}
_PUBLISHED: Final = re.compile(r"(?:.*/)?publishers/(?P<publisher>[^/]+)/models/(?P<name>.+)")
_PLAIN: Final = re.compile(r"(?:.*/)?models/(?P<name>.+)")


class Gemini(Wire):
    """POST /v1beta/models/MODEL:generateContent, and the same under a project's place on Vertex AI."""

    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        """The path says the model and whether to stream."""
        if place["verb"] not in _STREAMED:
            raise RequestError(f"Method not found: {place['verb']}", status=404)
        model = model_of(place["resource"])
        return gemini.check(body, model=model, own=True).chat(model, stream=_STREAMED[place["verb"]])

    def body(self, completion: Completion) -> Json:
        return _answer(completion, list(_parts(completion)), ended=True)

    def events(self, completion: Completion) -> Iterator[bytes]:
        """Texts in fragments, each call in a chunk of its own, and a last chunk without either that says why it ended."""
        for part in _parts(completion):
            texts = list(fragments(part.get("text")))
            pieces = [part | {"text": text} for text in texts] if texts else [part]
            yield from (event(_answer(completion, [piece], ended=False)) for piece in pieces)
        yield event(_answer(completion, [{"text": ""}], ended=True))

    def error(self, fault: ErrorFault) -> Json:
        """The code, if any, is the reason in the details."""
        kind = fault.type or _STATUSES.get(fault.status, "UNKNOWN")
        reason = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": fault.code}] if fault.code else []
        return {"error": {"code": fault.status, "message": fault.message, "status": kind, **({"details": reason} if reason else {})}}


def model_of(resource: str) -> str:
    """The model that a path names. Google's SDK makes models/scripted/NAME of scripted/NAME, and publishers/scripted/models/NAME on
    Vertex AI."""
    published = _PUBLISHED.fullmatch(resource)
    if published:
        return published["name"] if published["publisher"] == "google" else f"{published['publisher']}/{published['name']}"
    plain = _PLAIN.fullmatch(resource)
    return plain["name"] if plain else resource


def _answer(completion: Completion, parts: list[Json], *, ended: bool) -> Json:
    content = {"role": "model", **({"parts": parts} if parts else {})}
    called = {"finishMessage": "Model generated function call(s)."} if completion.calls else {}
    reason = _FINISH_REASONS.get(completion.finish_reason, completion.finish_reason)
    end = {"finishReason": "SAFETY" if completion.refusal is not None else reason, **called} if ended else {}
    return {
        "candidates": [{"content": content, **end, "index": 0}],
        "usageMetadata": _usage(completion.usage),
        "modelVersion": completion.model,
        "responseId": completion.unique,
    }


def _parts(completion: Completion) -> Iterator[Json]:
    """What was thought, what is said, what is called. Only the first of several calls is signed."""
    if completion.reasoning is not None:
        yield {"text": completion.reasoning, "thought": True}
    text = completion.content if completion.refusal is None else completion.refusal
    if text is not None:
        yield {"text": text}
    for position, call in enumerate(completion.calls):
        arguments = call.arguments_value
        identity = call.identity(f"{completion.unique[:5]}{position:03}")
        named = {} if identity is None else {"id": identity}
        signed = {} if position else {"thoughtSignature": signature(call.name, arguments or {})}
        yield {"functionCall": {"name": call.name, "args": arguments, **named}, **signed}


def _usage(tokens: TokenCounts) -> Json:
    """What was thought is counted apart from what was said."""
    return {
        "promptTokenCount": tokens.prompt_tokens,
        "candidatesTokenCount": tokens.completion_tokens - tokens.reasoning_tokens,
        "thoughtsTokenCount": tokens.reasoning_tokens,
        "cachedContentTokenCount": tokens.cached_tokens,
        "totalTokenCount": tokens.prompt_tokens + tokens.completion_tokens,
    }
