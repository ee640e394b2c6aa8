"""A chat completion read without trust: gateways leave out, rename and misplace its fields."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm import failures, usage
from orchestrator.llm.model import ModelReply, RequestedCall
from orchestrator.llm.untrusted import NOTHING, clean, items, loaded, mapping, mappings, storable, text

#: Fields of a message that our form has no place for.
_OWN_FIELDS: Final = ("reasoning", "reasoning_content", "reasoning_details")


def decode(body: bytes, request_id: str | None) -> ModelReply:
    """The reply that the body holds, its first choice if there are several. Characters that cannot be stored become
    U+FFFD. Raises ModelProtocolError when there is none, or what `failures.of_body` makes of an error."""
    document = loaded(body)
    if not document:
        raise failures.unreadable(request_id)
    return read(document, request_id)


def read(document: Mapping[str, Any], request_id: str | None) -> ModelReply:
    """The reply that a completion holds."""
    choice = next((choice for choice in mappings(document.get("choices")) if choice), NOTHING)
    if error := document.get("error") or choice.get("error"):
        raise failures.of_body(error, request_id)
    if choice.get("finish_reason") == "error":
        raise failures.of_body({}, request_id)
    message = mapping(choice.get("message"))
    if not message:
        raise failures.unusable("The model provider's answer holds no message.", request_id)
    return ModelReply(
        content=content(message.get("content")),
        refusal=text(message.get("refusal")) or _refusal_part(message.get("content")),
        calls=tuple(_calls(message)),
        finish_reason=text(choice.get("finish_reason")),
        usage=usage.read(mapping(document.get("usage"))),
        model=text(document.get("model")) or "",
        request_id=text(request_id) or text(document.get("id")),
        raw=_raw(message),
    )


def thinks_aloud(content: Any) -> bool:
    """Whether the content has parts that are neither text nor a refusal, such as thinking."""
    return any(str(part.get("type", "text")) not in {"text", "refusal"} for part in mappings(content))


def _raw(message: Mapping[str, Any]) -> JsonValue:
    """The message, where it says more than our form can."""
    calls = mappings(message.get("tool_calls"))
    has_own = any(message.get(name) for name in _OWN_FIELDS) or any(call.get("extra_content") for call in calls)
    return storable(message) if has_own or thinks_aloud(message.get("content")) else None


def _calls(message: Mapping[str, Any]) -> Iterable[RequestedCall]:
    calls = items(message.get("tool_calls"))
    if calls:
        return map(_call, map(mapping, calls))
    legacy = mapping(message.get("function_call"))
    return [_call({"function": legacy})] if legacy else []


def _call(call: Mapping[str, Any]) -> RequestedCall:
    function = mapping(call.get("function"))
    return RequestedCall(
        provider_id=text(call.get("id")),
        name=text(function.get("name")) or "",
        arguments=_arguments(function.get("arguments")),
    )


def _arguments(value: Any) -> str:
    """The text of the arguments; some servers send the object itself, null, or leave the key out."""
    if value is None:
        return ""
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def content(value: Any) -> str | None:
    """The text, also when it comes as a list of parts. Parts of other kinds, such as thinking, are left out."""
    if isinstance(value, list):
        texts = [text(part.get("text")) for part in mappings(value) if part.get("type", "text") == "text"]
        return "".join(filter(None, texts)) or None
    return text(value)


def _refusal_part(content: Any) -> str | None:
    return next((said for part in mappings(content) if (said := text(part.get("refusal")))), None)
