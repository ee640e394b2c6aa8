"""Gemini's answers, read without trust."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm import failures
from orchestrator.llm.errors import ModelProtocolError
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.untrusted import clean, count, loaded, mapping, mappings, storable, text

#: Gemini's reasons in the words of ModelReply. STOP is also said after calls.
_REASONS: Final[Mapping[str, str]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "ESCALATION": "content_filter",
}
_BROKEN_CALL: Final = "The model wrote a tool call that its provider could not read, so none of this answer was run. Try again."
#: Reasons that leave nothing to use: what to say, and whether the model may do better when it is asked again.
_UNUSABLE: Final[Mapping[str, tuple[str, bool]]] = {
    "MALFORMED_FUNCTION_CALL": (_BROKEN_CALL, True),
    "UNEXPECTED_TOOL_CALL": (_BROKEN_CALL, True),
    "MALFORMED_RESPONSE": ("The model's answer was malformed. Try again.", True),
    "TOO_MANY_TOOL_CALLS": ("The model made too many calls of the provider's own tools in a row. Change the messages.", False),
    "MISSING_THOUGHT_SIGNATURE": (
        "The provider misses a thought signature in the history: a defect of Toolchord. Please report it.",
        False,
    ),
}


def decode(body: bytes, request_id: str | None) -> ModelReply:
    """The reply that the body holds. Raises ModelError where there is none."""
    answer = loaded(body)
    if not answer:
        raise failures.unreadable(request_id)
    return reply(answer, request_id)


def reply(answer: Mapping[str, Any], request_id: str | None) -> ModelReply:
    """The reply that the answer holds, its first candidate if there are several. Raises ModelError where there is none."""
    request_id = request_id or text(answer.get("responseId"))
    if error := answer.get("error"):
        raise failures.of_body(error, request_id)
    candidate = _candidate(answer, request_id)
    reason = text(candidate.get("finishReason")) or ""
    if reason in _UNUSABLE:
        message, retryable = _UNUSABLE[reason]
        raise ModelProtocolError("provider_protocol", message, retryable=retryable, request_id=request_id)
    try:
        return _read(answer, candidate, reason, request_id)
    except RecursionError:
        raise failures.unusable("The model provider's answer is nested too deeply to be read. Try again.", request_id) from None


def _read(answer: Mapping[str, Any], candidate: Mapping[str, Any], reason: str, request_id: str | None) -> ModelReply:
    parts = [part for part in mappings(mapping(candidate.get("content")).get("parts")) if part]
    calls = [part["functionCall"] for part in parts if isinstance(part.get("functionCall"), Mapping)]
    return ModelReply(
        content="".join(map(said, parts)) or None,
        calls=tuple(map(_call, calls)),
        finish_reason="tool_calls" if calls and reason in {"STOP", ""} else _REASONS.get(reason, reason.lower() or None),
        usage=_usage(mapping(answer.get("usageMetadata"))),
        model=text(answer.get("modelVersion")) or "",
        request_id=request_id,
        raw=_raw(parts),
    )


def _candidate(answer: Mapping[str, Any], request_id: str | None) -> Mapping[str, Any]:
    """The first one. A prompt that is blocked gets none."""
    candidate = next(iter(mappings(answer.get("candidates"))), None)
    if candidate:
        return candidate
    if mapping(answer.get("promptFeedback")).get("blockReason"):
        return {"finishReason": "PROHIBITED_CONTENT"}
    raise failures.unusable("The model provider's answer holds no candidate. Check the provider's base URL, then try again.", request_id)


def said(part: Mapping[str, Any]) -> str:
    """The part's text, if it is for the user."""
    return "" if part.get("thought") else text(part.get("text")) or ""


def _call(called: Mapping[str, Any]) -> RequestedCall:
    """Arguments are an object; none at all may be left out."""
    arguments = called.get("args")
    if not isinstance(arguments, str):
        arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
    return RequestedCall(provider_id=text(called.get("id")), name=text(called.get("name")) or "", arguments=clean(arguments))


def _raw(parts: list[Mapping[str, Any]]) -> JsonValue:
    """The turn, where it holds more than text: thoughts, signatures, ids, and calls, whose origin decides how they go back."""
    if all(set(part) == {"text"} for part in parts):
        return None
    return {"role": "model", "parts": [storable(part) for part in parts]}


def _usage(counts: Mapping[str, Any]) -> Usage:
    """Gemini counts thoughts beside the candidates, and the results of its own tools beside the prompt."""
    prompt = count(counts.get("promptTokenCount")) + count(counts.get("toolUsePromptTokenCount"))
    thoughts = count(counts.get("thoughtsTokenCount"))
    completion = count(counts.get("candidatesTokenCount")) + thoughts
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=count(counts.get("totalTokenCount")) or prompt + completion,
        cached_tokens=count(counts.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
    )
