"""Anthropic's Messages, whole and as a stream of content blocks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.llm.scripted.checks import messages
from orchestrator.llm.scripted.completion import Completion, fragments
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import TokenCounts
from orchestrator.llm.scripted.signatures import signature
from orchestrator.llm.scripted.wires.base import Json, Wire, encoded, event

_STOP_REASONS: Final = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}
_ERRORS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
#: A block's type, the field that a stream fills, and the delta that does it.
_DELTAS: Final = {"text": ("text", "text_delta"), "thinking": ("thinking", "thinking_delta")}


class Messages(Wire):
    """POST /v1/messages."""

    id_header = "request-id"

    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        del place
        return messages.check(body, own=True).chat()

    def body(self, completion: Completion) -> Json:
        return _begun(completion) | {"content": list(_blocks(completion)), **_stopped(completion), "usage": _usage(completion.usage)}

    def events(self, completion: Completion) -> Iterator[bytes]:
        yield from (event(each, each["type"]) for each in self.happenings(completion))

    def happenings(self, completion: Completion) -> Iterator[Json]:
        """What the events say."""
        yield {"type": "message_start", "message": _begun(completion) | {"usage": _usage(completion.usage) | {"output_tokens": 1}}}
        for position, block in enumerate(_blocks(completion)):
            index = completion.index(position)
            placed: Json = {} if index is None else {"index": index}
            yield {"type": "content_block_start", **placed, "content_block": _opened(block)}
            if not position:
                yield {"type": "ping"}
            yield from ({"type": "content_block_delta", **placed, "delta": delta} for delta in _deltas(block))
            yield {"type": "content_block_stop", **placed}
        yield {"type": "message_delta", "delta": _stopped(completion), "usage": _usage(completion.usage)}
        yield {"type": "message_stop"}

    def error(self, fault: ErrorFault) -> Json:
        """The code, if any, is in the details."""
        kind = fault.type or _ERRORS.get(fault.status, "api_error")
        details = {"details": {"error_code": fault.code}} if fault.code else {}
        return {"type": "error", "error": {"type": kind, "message": fault.message, **details}}

    def error_event(self, fault: ErrorFault) -> bytes:
        return event(self.error(fault), "error")


def _begun(completion: Completion) -> Json:
    """The message as it is before anything was said."""
    return {
        "id": f"msg_{completion.unique}",
        "type": "message",
        "role": "assistant",
        "model": completion.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stopped(completion: Completion) -> Json:
    """Why it stopped; a refusal is explained beside it."""
    reason = _STOP_REASONS.get(completion.finish_reason, completion.finish_reason)
    if completion.refusal is None:
        return {"stop_reason": reason, "stop_sequence": None}
    details = {"type": "refusal", "category": None, "explanation": completion.refusal}
    return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}


def _blocks(completion: Completion) -> Iterator[Json]:
    """What was thought, what is said, what is called."""
    if completion.reasoning is not None:
        yield {"type": "thinking", "thinking": completion.reasoning, "signature": signature(completion.reasoning)}
    if completion.content:
        yield {"type": "text", "text": completion.content}
    for position, call in enumerate(completion.calls):
        identity = call.identity(completion.fresh_id("toolu_", position))
        yield {"type": "tool_use", "id": identity, "name": call.name, "input": call.arguments_value}


def _opened(block: Json) -> Json:
    empty: dict[str, Json] = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
    return block | empty[block["type"]]


def _deltas(block: Json) -> Iterator[Json]:
    """The arguments of a call begin with an empty fragment; a signature comes after what it signs."""
    if block["type"] == "tool_use":
        given = block["input"]
        text = given if isinstance(given, str) else encoded(given).decode()
        yield from ({"type": "input_json_delta", "partial_json": part} for part in ("", *fragments(text)))
        return
    field, kind = _DELTAS[block["type"]]
    yield from ({"type": kind, field: part} for part in fragments(block[field]))
    if block["type"] == "thinking":
        yield {"type": "signature_delta", "signature": block["signature"]}


def _usage(tokens: TokenCounts) -> Json:
    """Tokens that the cache holds are counted apart."""
    return {
        "input_tokens": tokens.prompt_tokens - tokens.cached_tokens - tokens.cache_write_tokens,
        "cache_creation_input_tokens": tokens.cache_write_tokens,
        "cache_read_input_tokens": tokens.cached_tokens,
        "output_tokens": tokens.completion_tokens,
        "output_tokens_details": {"thinking_tokens": tokens.reasoning_tokens},
    }
