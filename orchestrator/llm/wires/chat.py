"""OpenAI's chat completions, which most providers speak. Answers are read without trust: gateways leave out, rename and
misplace their fields."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator import chat, transcript
from orchestrator.llm import failures
from orchestrator.llm.errors import ModelProtocolError
from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, RequestedCall, ToolChoice, ToolOffer, Usage
from orchestrator.llm.wire import Assembly, Body, Target

#: The largest count of tokens that is believed: what a Postgres integer holds.
_MAX_TOKENS: Final = 2**31 - 1
_NOTHING: Final[Mapping[str, Any]] = {}
# Postgres refuses NUL in text, UTF-8 refuses half a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class ChatWire:
    """A Wire."""

    def body(self, request: ModelRequest, target: Target) -> Body:
        body: Body = {"model": target.model, "messages": [chat.as_chat(message) for message in request.messages]}
        body |= request.sampling.model_dump(mode="json", exclude_defaults=True)
        if not request.tools:  # Providers refuse both settings in a request without tools.
            return body
        body["tools"] = [_tool(offer) for offer in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = _choice(request.tool_choice)
        if request.parallel_tool_calls is not None:  # Some models refuse even its default, so it is sent only when it was set.
            body["parallel_tool_calls"] = request.parallel_tool_calls
        return body

    def check(self, body: Body) -> None:
        transcript.check(cast("list[Any]", body["messages"]))

    def decode(self, body: bytes, request_id: str | None) -> ModelReply:
        return decode(body, request_id)

    def assembly(self) -> Assembly:
        raise NotImplementedError


def _tool(offer: ToolOffer) -> JsonValue:
    """Strict where the tool can be."""
    function: Body = {"name": offer.name, "description": offer.description}
    if offer.strict_parameters is not None:
        function |= {"parameters": dict(offer.strict_parameters), "strict": True}
    else:
        function["parameters"] = dict(offer.parameters)
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> JsonValue:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def decode(body: bytes, request_id: str | None) -> ModelReply:
    """The reply that the body holds, its first choice if there are several. Characters that cannot be stored become
    U+FFFD. Raises ModelProtocolError when there is none, or what `failures.of_body` makes of an error."""
    document = _document(body, request_id)
    choices = [choice for choice in map(_mapping, _list(document.get("choices"))) if choice]
    choice = choices[0] if choices else _NOTHING
    if error := document.get("error") or choice.get("error"):
        raise failures.of_body(error, request_id)
    if choice.get("finish_reason") == "error":
        raise failures.of_body({}, request_id)
    message = _mapping(choice.get("message"))
    if not message:
        raise _unusable("The model provider's answer holds no message.", request_id)
    return ModelReply(
        content=_content(message.get("content")),
        refusal=_text(message.get("refusal")) or _refusal_part(message.get("content")),
        calls=tuple(_calls(message)),
        finish_reason=_text(choice.get("finish_reason")),
        usage=_usage(_mapping(document.get("usage"))),
        model=_text(document.get("model")) or "",
        request_id=_text(request_id) or _text(document.get("id")),
    )


def _document(body: bytes, request_id: str | None) -> Mapping[str, Any]:
    try:
        document = _mapping(json.loads(body.decode(errors="replace")))
    except (ValueError, RecursionError):
        document = _NOTHING
    if not document:
        raise _unusable("The model provider's answer is not a JSON object. Check that OPENAI_BASE_URL ends in /v1 or alike.", request_id)
    return document


def _unusable(message: str, request_id: str | None) -> ModelProtocolError:
    return ModelProtocolError("provider_protocol", message, retryable=True, request_id=request_id)


def _calls(message: Mapping[str, Any]) -> Iterable[RequestedCall]:
    calls = _list(message.get("tool_calls"))
    if calls:
        return map(_call, map(_mapping, calls))
    legacy = _mapping(message.get("function_call"))
    return [_call({"function": legacy})] if legacy else []


def _call(call: Mapping[str, Any]) -> RequestedCall:
    function = _mapping(call.get("function"))
    return RequestedCall(
        provider_id=_text(call.get("id")),
        name=_text(function.get("name")) or "",
        arguments=_arguments(function.get("arguments")),
    )


def _arguments(value: Any) -> str:
    """The text of the arguments; some servers send the object itself, null, or leave the key out."""
    if value is None:
        return ""
    return _clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _content(value: Any) -> str | None:
    """The text, also when it comes as a list of parts. Parts of other kinds, such as thinking, are left out."""
    if isinstance(value, list):
        texts = [_text(part.get("text")) for part in map(_mapping, _list(value)) if part.get("type", "text") == "text"]
        return "".join(text for text in texts if text) or None
    return _text(value)


def _refusal_part(content: Any) -> str | None:
    return next((text for part in map(_mapping, _list(content)) if (text := _text(part.get("refusal")))), None)


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=_count(usage.get("total_tokens")) or prompt + completion,
    )


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value <= _MAX_TOKENS else 0


def _text(value: Any) -> str | None:
    return _clean(value) if isinstance(value, str) else None


def _clean(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    return _NOTHING


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
