"""Messages as the input items of the Responses API."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm.untrusted import mapping, mappings
from orchestrator.messages import AssistantMessage, Call, Content, Image, Instructions, Message, Part, Text, ToolMessage, UserMessage

Item = dict[str, JsonValue]
_CALL: Final = "function_call"
_REASONING: Final = "reasoning"


def items(messages: Iterable[Message], provider: str) -> list[Item]:
    """All items, each under an id of its own: Azure refuses a second item of the same id (opencode#32748)."""
    seen: set[JsonValue] = set()
    return [_once(item, seen) for message in messages for item in _items(message, provider)]


def _items(message: Message, provider: str) -> Iterable[Item]:
    match message:
        case Instructions(role=role, content=content):
            return [{"role": role, "content": _content(content)}]
        case UserMessage(content=content):
            return [{"role": "user", "content": _content(content)}]
        case ToolMessage(tool_call_id=tool_call_id, content=content):
            return [{"type": "function_call_output", "call_id": tool_call_id, "output": _content(content)}]
        case AssistantMessage():
            return _replayed(message, mappings(message.raw_of(provider))) or _neutral(message)


def _neutral(message: AssistantMessage) -> Iterator[Item]:
    said = message.content or message.refusal or ""
    if said or not message.calls:
        yield {"role": "assistant", "content": said}
    for call in message.calls:
        yield {"type": _CALL, "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _replayed(message: AssistantMessage, output: Sequence[Mapping[str, Any]]) -> list[Item]:
    """The items as they came, with ids and arguments that can be sent again; none where they are not of this turn."""
    calls = iter(message.calls)
    if sum(item.get("type") == _CALL for item in output) != len(message.calls):
        return []
    return _grouped([_patched(item, next(calls)) if item.get("type") == _CALL else dict(item) for item in output])


def _patched(item: Mapping[str, Any], call: Call) -> Item:
    return {**item, "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _grouped(output: Sequence[Item]) -> list[Item]:
    """The items with all calls at the end, each behind the reasoning that led to it: what is said between two calls makes
    DeepSeek miss the outputs. Reasoning that led to nothing is refused, and left out."""
    others: list[Item] = []
    calls: list[Item] = []
    thoughts: list[Item] = []
    for item in output:
        thoughts.append(item)
        if item.get("type") != _REASONING:
            (calls if item.get("type") == _CALL else others).extend(thoughts)
            thoughts = []
    return others + calls


def _once(item: Item, seen: set[JsonValue]) -> Item:
    """The item under an id of its own. It keeps one: reasoning must be followed by an item with an id. Encrypted reasoning belongs to
    its id, and rather goes without."""
    identity = item.get("id")
    if not isinstance(identity, str):
        return item
    if identity not in seen:
        seen.add(identity)
        return item
    if item.get("type") == _REASONING:
        return {name: value for name, value in item.items() if name != "id"}
    fresh = next(each for number in count(1) if (each := f"{identity}_d{number}") not in seen)
    seen.add(fresh)
    return {**item, "id": fresh}


def _content(content: Content) -> JsonValue:
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: Part) -> JsonValue:
    match part:
        case Text(text=text):
            return {"type": "input_text", "text": text}
        case Image(url=url, detail=detail):
            return {"type": "input_image", "image_url": url, "detail": detail or "auto"}


def says_more(output: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the items say more than our form can, and can be given back: reasoning that is not stored must come encrypted."""
    if any(item.get("type") == _REASONING and not item.get("encrypted_content") for item in output):
        return False
    return any(item.keys() - _PLAIN.get(str(item.get("type")), frozenset()) for item in map(mapping, output))


#: Fields of the items that our form holds, or that mean nothing afterwards.
_PLAIN: Final[Mapping[str, frozenset[str]]] = {
    "message": frozenset({"type", "id", "role", "status", "content"}),
    _CALL: frozenset({"type", "id", "call_id", "name", "arguments", "status"}),
}
