"""An answer of /v1/messages read without trust."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm import failures
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.resuming import PAUSED
from orchestrator.llm.untrusted import clean, count, items, loaded, mapping, mappings, storable, text

_FINISH_REASONS: Final[Mapping[str, str]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
_TEXT_FIELDS: Final = frozenset({"type", "text"})
_CALL_FIELDS: Final = frozenset({"type", "id", "name", "input"})
_DIRECT: Final = {"type": "direct"}


def decode(body: bytes, request_id: str | None) -> ModelReply:
    """The reply that a whole answer holds. Raises ModelProtocolError when there is none, or what `failures.of_body` makes of an
    error."""
    found = loaded(body)
    if found.get("type") == "error" or found.get("error"):
        raise failures.of_body(found.get("error"), request_id or text(found.get("request_id")))
    return reply(found, request_id)


def reply(message: Mapping[str, Any], request_id: str | None) -> ModelReply:
    """The reply that a message holds, whole or put together from a stream. Raises ModelProtocolError when there is none."""
    try:
        return _reply(message, request_id)
    except (ValueError, RecursionError):  # Nested deeper than a value can be.
        raise failures.unusable("The model provider's answer is nested too deeply to be read.", request_id) from None


def _reply(message: Mapping[str, Any], request_id: str | None) -> ModelReply:
    blocks = [block for block in _blocks(message.get("content")) if _is_kept(block)]
    stop_reason = text(message.get("stop_reason"))
    if not blocks and stop_reason is None:
        raise failures.unusable("The model provider's answer holds no message.", request_id)
    calls = tuple(_call(block) for block in blocks if block.get("type") == "tool_use")
    return ModelReply(
        content=_content(blocks),
        refusal=text(mapping(message.get("stop_details")).get("explanation")) if stop_reason == "refusal" else None,
        calls=calls,
        finish_reason=_finish_reason(stop_reason, has_calls=bool(calls)),
        usage=_usage(mapping(message.get("usage"))),
        model=text(message.get("model")) or "",
        request_id=text(request_id) or text(message.get("id")),
        raw=None if _is_plain(blocks) and stop_reason != PAUSED else storable(blocks),
    )


def joined(first: ModelReply, rest: ModelReply) -> ModelReply:
    """A turn that was paused, with what it went on with."""
    blocks = [*items(first.raw), *(items(rest.raw) or _plain_blocks(rest))]
    whole = reply({"content": blocks, "stop_reason": PAUSED}, None)
    return rest.model_copy(update={"content": whole.content, "calls": whole.calls, "raw": whole.raw, "usage": first.usage + rest.usage})


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in mappings(content) if block]


def _is_kept(block: Mapping[str, Any]) -> bool:
    """Not a blank text, which the API refuses when it comes back, nor thinking that was cut off before its signature, nor what has
    no type."""
    match block.get("type"):
        case "text":
            return bool((text(block.get("text")) or "").strip())
        case "thinking":
            return bool(block.get("signature"))
        case kind:
            return isinstance(kind, str)


def _is_plain(blocks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one text and then calls, without anything more in them, are the whole turn: our own form says as much."""
    calls = blocks[1:] if blocks and blocks[0].get("type") == "text" else blocks
    return all(_is_plain_text(block) for block in blocks[: len(blocks) - len(calls)]) and all(map(_is_plain_call, calls))


def _is_plain_text(block: Mapping[str, Any]) -> bool:
    return not any(value for key, value in block.items() if key not in _TEXT_FIELDS)


def _is_plain_call(block: Mapping[str, Any]) -> bool:
    more = {key: value for key, value in block.items() if key not in _CALL_FIELDS and value is not None}
    return block.get("type") == "tool_use" and more in ({}, {"caller": _DIRECT})


def _plain_blocks(told: ModelReply) -> list[JsonValue]:
    """The blocks of a turn that our form says wholly."""
    said: list[JsonValue] = [{"type": "text", "text": told.content}] if told.content else []
    return [*said, *({"type": "tool_use", "id": call.provider_id, "name": call.name, "input": _input(call)} for call in told.calls)]


def _input(call: RequestedCall) -> JsonValue:
    try:
        return json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return call.arguments


def _content(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    return "".join(text(block.get("text")) or "" for block in blocks if block.get("type") == "text") or None


def _call(block: Mapping[str, Any]) -> RequestedCall:
    return RequestedCall(provider_id=text(block.get("id")), name=text(block.get("name")) or "", arguments=_arguments(block.get("input")))


def _arguments(value: Any) -> str:
    """The input as text; it is text already where a stream broke off in it, and some gateways send that."""
    if value is None:
        return ""
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _finish_reason(stop_reason: str | None, *, has_calls: bool) -> str | None:
    if stop_reason == PAUSED and has_calls:
        return "tool_calls"
    return _FINISH_REASONS.get(stop_reason, stop_reason) if stop_reason else None


def _usage(usage: Mapping[str, Any]) -> Usage:
    """Anthropic counts the tokens of a cache beside those of the input."""
    cached, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    prompt, completion = count(usage.get("input_tokens")) + cached + written, count(usage.get("output_tokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
    )
