"""A conversation as Anthropic takes it: turns of the user and the assistant that alternate, each a list of blocks."""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm.wire import Body
from orchestrator.messages import AssistantMessage, Call, Content, Image, Instructions, Message, ToolMessage, UserMessage, text_of
from tasks.arguments import parse_object

_LEGAL_ID: Final = re.compile(r"[a-zA-Z0-9_-]+")
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_DATA_URL: Final = re.compile(r"data:(?P<media_type>[^;,]+);base64,(?P<data>.*)", re.DOTALL | re.IGNORECASE)
#: Said by the user where the assistant spoke first, which the API does not take.
_OPENING: Final = "(The assistant speaks first.)"


def system(messages: Iterable[Message]) -> str:
    """All instructions as one text: they have no place among the turns of most models."""
    texts = (text_of(message.content) for message in messages if isinstance(message, Instructions))
    return "\n\n".join(text for text in texts if text.strip())


def turns(messages: Sequence[Message], provider: str) -> list[JsonValue]:
    """The turns. All results of a turn's calls come first in the one turn of the user that follows, in the calls' order: else the
    API answers 400 (pydantic-ai#741), and a model that sees them apart stops calling in parallel."""
    found: list[Body] = []
    for role, group in groupby(_in_order_of_calls(messages), key=_role):
        blocks = [block for message in group for block in _blocks(message, provider)]
        if found and found[-1]["role"] == role:
            found[-1] = {"role": role, "content": [*_list(found[-1]["content"]), *blocks]}
        elif blocks:
            found.append({"role": role, "content": blocks})
    if found and found[0]["role"] == "assistant":
        found.insert(0, {"role": "user", "content": list(_text(_OPENING))})
    return list(found)


def wire_id(call_id: str) -> str:
    """The id in the letters that the API takes; those of other providers may hold others (Kimi: `functions.name:0`)."""
    if _LEGAL_ID.fullmatch(call_id):
        return call_id
    return f"{_ILLEGAL.sub('_', call_id)}_{sha256(call_id.encode(errors='surrogatepass')).hexdigest()[:8]}"


def _in_order_of_calls(messages: Sequence[Message]) -> Iterable[Message]:
    """Without instructions, and with results in the order of their calls: a prompt cache holds only while nothing moves
    (vercel/ai#16577)."""
    places: dict[str, int] = {}
    spoken = (message for message in messages if not isinstance(message, Instructions))
    for are_results, group in groupby(spoken, key=lambda message: isinstance(message, ToolMessage)):
        if are_results:
            results = [message for message in group if isinstance(message, ToolMessage)]
            yield from sorted(results, key=lambda result: places.get(result.tool_call_id, len(places)))
            continue
        for message in group:
            if isinstance(message, AssistantMessage):
                places = {call.id: place for place, call in enumerate(message.calls)}
            yield message


def _role(message: Message) -> str:
    return "assistant" if isinstance(message, AssistantMessage) else "user"


def _blocks(message: Message, provider: str) -> Iterable[JsonValue]:
    match message:
        case AssistantMessage():
            return _assistant(message, provider)
        case ToolMessage():
            return [_result(message)]
        case UserMessage(content=content):
            return _content(content)
        case Instructions():
            return []


def _assistant(message: AssistantMessage, provider: str) -> list[JsonValue]:
    replayed = _replayed(message.raw_of(provider), message.calls)
    if replayed is not None:
        return replayed
    return [*_text(message.content or message.refusal or ""), *map(_tool_use, message.calls)]


def _replayed(raw: JsonValue, calls: Sequence[Call]) -> list[JsonValue] | None:
    """The turn as Anthropic wrote it, in place and unmodified but for its calls' ids where ours differ: it refuses thinking that
    was changed or moved (claude-code#63835). None where the calls are others by now."""
    blocks = _list(raw)
    places = [place for place, block in enumerate(blocks) if isinstance(block, dict) and block.get("type") == "tool_use"]
    if not blocks or len(places) != len(calls):
        return None
    for place, call in zip(places, calls, strict=True):
        blocks[place] = _with_id(blocks[place], call)
    return blocks


def _with_id(block: Any, call: Call) -> JsonValue:
    """The call's block. An input that is no object, which the API would refuse, is our form of it."""
    used = {"id": wire_id(call.id), "name": call.name}
    return {**block, **used} if isinstance(block.get("input"), dict) else {**block, **used, "input": parse_object(call.arguments)}


def _tool_use(call: Call) -> JsonValue:
    return {"type": "tool_use", "id": wire_id(call.id), "name": call.name, "input": parse_object(call.arguments)}


def _result(message: ToolMessage) -> JsonValue:
    block: Body = {"type": "tool_result", "tool_use_id": wire_id(message.tool_call_id)}
    # An error may hold nothing but text.
    content = text_of(message.content) if message.is_error else message.content
    if isinstance(content, str):
        block |= {"content": content} if content.strip() else {}
    elif blocks := list(_content(content)):
        block["content"] = blocks
    if message.is_error:
        block["is_error"] = True
    return block


def _content(content: Content) -> Iterable[JsonValue]:
    if isinstance(content, str):
        return _text(content)
    return [block for part in content for block in ([_image(part)] if isinstance(part, Image) else _text(part.text))]


def _text(text: str) -> Iterable[JsonValue]:
    """One block, or none for a blank text, which the API refuses."""
    return [{"type": "text", "text": text}] if text.strip() else []


def _image(image: Image) -> JsonValue:
    inline = _DATA_URL.fullmatch(image.url)
    if inline is None:
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    return {"type": "image", "source": {"type": "base64", "media_type": inline["media_type"].lower(), "data": inline["data"]}}


def _list(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, list) else []
