"""A response of the Responses API, read without trust."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.llm import failures, usage
from orchestrator.llm.model import ModelReply, RequestedCall
from orchestrator.llm.untrusted import clean, loaded, mapping, mappings, storable, text
from orchestrator.llm.wires.responses.items import says_more

#: What stands between two messages of one answer, such as a remark before the answer itself.
BETWEEN_MESSAGES: Final = "\n\n"
_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}


def decode(body: bytes, request_id: str | None) -> ModelReply:
    """The reply that the body holds. Raises ModelError."""
    document = loaded(body)
    if not document:
        raise failures.unreadable(request_id)
    return read(document, request_id)


def read(response: Mapping[str, Any], request_id: str | None) -> ModelReply:
    """The reply that a response holds. Raises ModelError where it failed or holds no output."""
    name = text(request_id) or text(response.get("id"))
    if error := response.get("error"):
        raise failures.of_body(error, name)
    if text(response.get("status")) in {"failed", "cancelled"}:
        raise failures.of_body({}, name)
    if not isinstance(response.get("output"), list):
        raise failures.unusable("The model provider's answer holds no output.", name)
    output = [item for item in mappings(response["output"]) if item]
    calls = tuple(_call(item) for item in output if item.get("type") == "function_call")
    return ModelReply(
        content=BETWEEN_MESSAGES.join(filter(None, _texts(output))) or None,
        refusal="".join(_parts(output, "refusal")) or None,
        calls=calls,
        finish_reason=_finish_reason(response, has_calls=bool(calls)),
        usage=usage.read(mapping(response.get("usage"))),
        model=text(response.get("model")) or "",
        request_id=name,
        raw=storable(output) if says_more(output) else None,
    )


def _call(item: Mapping[str, Any]) -> RequestedCall:
    arguments = item.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return RequestedCall(
        provider_id=text(item.get("call_id")) or text(item.get("id")), name=text(item.get("name")) or "", arguments=clean(arguments or "")
    )


def _texts(output: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The text of each message."""
    for item in output:
        yield "".join(_parts([item], "text"))


def _parts(output: Sequence[Mapping[str, Any]], field: str) -> Iterator[str]:
    for item in output:
        if item.get("type") == "message":
            yield from (said for part in mappings(item.get("content")) if (said := text(part.get(field))))


def _finish_reason(response: Mapping[str, Any], *, has_calls: bool) -> str | None:
    """In the words of chat completions."""
    if response.get("status") == "incomplete":
        reason = text(mapping(response.get("incomplete_details")).get("reason")) or "incomplete"
        return _REASONS.get(reason, reason)
    return "tool_calls" if has_calls else "stop"
