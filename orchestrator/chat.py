"""Messages from and to OpenAI's chat form, in which they are posted, answered and sent to most providers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator.messages import AssistantMessage, Call, Content, Image, Instructions, Message, Text, ToolMessage, UserMessage
from tasks.arguments import NO_ARGUMENTS, InvalidArguments, is_absent, parse_object
from tasks.names import TOOL_NAME

_ASSISTANT_FIELDS: Final = frozenset({"role", "content", "refusal", "name", "tool_calls"})
_CALL_FIELDS: Final = frozenset({"id", "type", "function"})
#: So much of arguments that are no JSON object is shown to the model again, in characters.
_REPLAYED_CHARACTERS: Final = 4096
_MAX_NAME: Final = 64


def read(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """A legal transcript in our own form."""
    names = {call["id"]: call["function"]["name"] for message in messages for call in message.get("tool_calls", ())}
    return tuple(_read(message, names) for message in messages)


def as_chat(message: Message) -> dict[str, JsonValue]:
    """The message in OpenAI's chat form."""
    match message:
        case Instructions(role=role, content=content, name=name):
            return _without_none({"role": role, "content": _parts(content), "name": name})
        case UserMessage(content=content, name=name):
            return _without_none({"role": "user", "content": _parts(content), "name": name})
        case ToolMessage(tool_call_id=tool_call_id, content=content):
            return {"role": "tool", "tool_call_id": tool_call_id, "content": _parts(content)}
        case AssistantMessage():
            return _assistant(message)


def call(tool_call_id: str, name: str, arguments: str) -> Call:
    """A call in a form that every provider takes back, whatever the model wrote."""
    return Call(id=tool_call_id, name=_replayed_name(name), arguments=_replayed_arguments(arguments))


def _read(message: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    content, name = message.get("content"), message.get("name")
    match message["role"]:
        case "system" | "developer" as role:
            return Instructions(role=role, content=_content(content), name=name)
        case "user":
            return UserMessage(content=_content(content), name=name)
        case "tool":
            tool_call_id = message["tool_call_id"]
            return ToolMessage(tool_call_id=tool_call_id, name=names.get(tool_call_id, ""), content=_content(content))
        case _:
            return _read_assistant(message)


def _read_assistant(message: Mapping[str, Any]) -> AssistantMessage:
    content = message.get("content")
    parts = cast("list[Mapping[str, str]]", content) if isinstance(content, list) else []
    refusal = message.get("refusal") or next((part["refusal"] for part in parts if part["type"] == "refusal"), None)
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    return AssistantMessage(
        content=content if isinstance(content, str) else text or None,
        refusal=refusal,
        name=message.get("name"),
        calls=tuple(_read_call(posted) for posted in message.get("tool_calls", ())),
        extra=_others(message, _ASSISTANT_FIELDS),
    )


def _read_call(posted: Mapping[str, Any]) -> Call:
    function = posted["function"]
    return Call(
        id=posted["id"],
        name=function["name"],
        arguments=_replayed_arguments(function["arguments"]),
        extra=_others(posted, _CALL_FIELDS),
    )


def _content(content: Any) -> Content:
    if isinstance(content, str):
        return content
    return tuple(map(_part, content or ()))


def _part(part: Mapping[str, Any]) -> Text | Image:
    if part["type"] == "image_url":
        return Image(url=part["image_url"]["url"], detail=part["image_url"].get("detail"))
    return Text(text=part["text"])


def _parts(content: Content) -> JsonValue:
    if isinstance(content, str):
        return content
    return [_chat_part(part) for part in content]


def _chat_part(part: Text | Image) -> JsonValue:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    return {"type": "image_url", "image_url": _without_none({"url": part.url, "detail": part.detail})}


def _assistant(message: AssistantMessage) -> dict[str, JsonValue]:
    """With calls or a refusal, an empty text is null: providers refuse an empty one there, and a missing one elsewhere."""
    text = message.content or (None if message.calls or message.refusal else "")
    chat: dict[str, JsonValue] = {"role": "assistant", "content": text, **message.extra}
    if message.name:
        chat["name"] = message.name
    if message.refusal:
        chat["refusal"] = message.refusal
    if message.calls:
        chat["tool_calls"] = [_tool_call(called) for called in message.calls]
    return chat


def _tool_call(called: Call) -> JsonValue:
    return {"id": called.id, "type": "function", "function": {"name": called.name, "arguments": called.arguments}, **called.extra}


def _others(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if name not in known}


def _without_none(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in fields.items() if value is not None}


def _replayed_name(name: str) -> str:
    """Providers refuse a history that holds a name they would not allow for a tool."""
    return "".join(letter if TOOL_NAME.match(letter) else "_" for letter in name[:_MAX_NAME]) or "unnamed"


def _replayed_arguments(arguments: str) -> str:
    """Servers that parse the arguments of old calls fail on text that is not JSON, and on an empty one."""
    if is_absent(arguments):
        return NO_ARGUMENTS
    try:
        parse_object(arguments)
    except InvalidArguments:
        return json.dumps({"INVALID_JSON": arguments[:_REPLAYED_CHARACTERS]}, ensure_ascii=False)
    return arguments
