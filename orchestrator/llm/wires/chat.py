"""OpenAI's chat completions, which most providers speak. Answers are read without trust: gateways leave out, rename and
misplace their fields."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from pydantic import JsonValue

from orchestrator import chat, transcript
from orchestrator.llm import failures, usage
from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, RequestedCall, ToolChoice, ToolOffer
from orchestrator.llm.untrusted import NOTHING, clean, items, loaded, mapping, mappings, text
from orchestrator.llm.wire import Assembly, Body, Target


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
        content=_content(message.get("content")),
        refusal=text(message.get("refusal")) or _refusal_part(message.get("content")),
        calls=tuple(_calls(message)),
        finish_reason=text(choice.get("finish_reason")),
        usage=usage.read(mapping(document.get("usage"))),
        model=text(document.get("model")) or "",
        request_id=text(request_id) or text(document.get("id")),
    )


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


def _content(value: Any) -> str | None:
    """The text, also when it comes as a list of parts. Parts of other kinds, such as thinking, are left out."""
    if isinstance(value, list):
        texts = [text(part.get("text")) for part in mappings(value) if part.get("type", "text") == "text"]
        return "".join(filter(None, texts)) or None
    return text(value)


def _refusal_part(content: Any) -> str | None:
    return next((said for part in mappings(content) if (said := text(part.get("refusal")))), None)
