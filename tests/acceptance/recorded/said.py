"""What a recorded answer says, read in the simplest way, and by none of our wires."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple, cast

from pydantic import JsonValue

from tests.replay import Interaction

Json = dict[str, Any]

_NOTHING: Final[Json] = {}
_NO_VALUES: Final[list[Json]] = []
_CUT: Final = frozenset({"length", "max_tokens", "max_output_tokens", "MAX_TOKENS", "model_context_window_exceeded"})
_PARTS: Final = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")


class Called(NamedTuple):
    """A call as its provider wrote it; without arguments where they are no JSON."""

    id: str | None
    name: str
    arguments: JsonValue


class Said(NamedTuple):
    """A recorded answer: an error, or a text and calls."""

    calls: tuple[Called, ...] = ()
    text: str = ""
    #: It ended at the limit of its tokens.
    is_cut: bool = False
    #: All that were counted; 0 where none were.
    tokens: int = 0
    #: What the error holds, and in a stream the id of the answer that it broke off.
    error: Any = None
    id: str | None = None


def read(interaction: Interaction) -> Said:
    """What the answer says."""
    values = _values(interaction)
    error = next((error for value in values if (error := _error(value))), None)
    if interaction.status >= 400 or error:
        return Said(error=error or {}, id=next((value["id"] for value in values if "id" in value), None))
    return _READERS[interaction.operation](values)._replace(tokens=_tokens(values))


def _values(interaction: Interaction) -> list[Json]:
    """The whole answer, or the events of its stream."""
    if interaction.is_stream:
        lines = (line.removeprefix(b"data:").strip() for line in interaction.answer.splitlines() if line.startswith(b"data:"))
        return [json.loads(line) for line in lines if line and line != b"[DONE]"]
    value: Any = json.loads(interaction.answer)
    return cast("list[Json]", value) if isinstance(value, list) else [value]


def _error(value: Json) -> Any:
    """OpenAI's events of type `error` are the error themselves."""
    response: Json = value.get("response") or _NOTHING
    return value.get("error") or response.get("error") or (value if value.get("type") == "error" else None)


def _tokens(values: list[Json]) -> int:
    """The last count; Anthropic counts what it read and what it wrote apart, and has no sum."""
    places = [
        place
        for value in values
        for place in (value, value.get("message") or _NOTHING, value.get("response") or _NOTHING, value.get("x_groq") or _NOTHING)
    ]
    counts: Json = {}
    for place in places:
        counts |= place.get("usage") or place.get("usageMetadata") or _NOTHING
    parts = [counts.get(name) or 0 for name in _PARTS]
    return counts.get("total_tokens") or counts.get("totalTokenCount") or sum(parts)


def _chat(values: list[Json]) -> Said:
    choices = [choice for value in values for choice in value.get("choices") or _NO_VALUES]
    parts = [choice.get("delta") or choice.get("message") or _NOTHING for choice in choices]
    fragments = [call for part in parts for call in part.get("tool_calls") or _NO_VALUES]
    return Said(
        calls=tuple(_joined(fragments)),
        text="".join(part.get("content") or "" for part in parts),
        is_cut=any(choice.get("finish_reason") in _CUT for choice in choices),
    )


def _joined(fragments: list[Json]) -> Iterator[Called]:
    """A fragment with a name begins a call; any other goes to the last call of its index."""
    calls: list[list[Json]] = []
    for fragment in fragments:
        if fragment["function"].get("name"):
            calls.append([fragment])
        else:
            next(call for call in reversed(calls) if call[0].get("index") == fragment.get("index")).append(fragment)
    for first, *others in calls:
        text = "".join(each["function"].get("arguments") or "" for each in (first, *others))
        yield Called(first.get("id"), first["function"]["name"], _json(text))


def _responses(values: list[Json]) -> Said:
    response = values[-1].get("response") or values[-1]
    output: list[Json] = response["output"] or [value["item"] for value in values if value["type"] == "response.output_item.done"]
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    return Said(
        calls=tuple(Called(item["call_id"], item["name"], _json(item["arguments"])) for item in output if item["type"] == "function_call"),
        text="".join(part.get("text") or "" for part in parts),
        is_cut=(response.get("incomplete_details") or _NOTHING).get("reason") in _CUT,
    )


def _messages(values: list[Json]) -> Said:
    stops = [value.get("stop_reason") or (value.get("delta") or _NOTHING).get("stop_reason") for value in values]
    blocks = values[0]["content"] if "content" in values[0] else list(_blocks(values))
    return Said(
        calls=tuple(Called(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"),
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        is_cut=any(stop in _CUT for stop in stops),
    )


def _blocks(events: list[Json]) -> Iterator[Json]:
    """The content blocks of a stream."""
    for start in (event for event in events if event["type"] == "content_block_start"):
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta" and event["index"] == start["index"]]
        block: Json = start["content_block"]
        arguments = "".join(delta.get("partial_json", "") for delta in deltas)
        text = block.get("text", "") + "".join(delta.get("text", "") for delta in deltas)
        yield block | {"text": text} | ({"input": _json(arguments)} if arguments else {})


def _gemini(values: list[Json]) -> Said:
    candidates = [candidate for value in values for candidate in value.get("candidates") or _NO_VALUES]
    parts = [part for candidate in candidates for part in candidate.get("content", _NOTHING).get("parts") or _NO_VALUES]
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    return Said(
        calls=tuple(Called(call.get("id"), call["name"], call.get("args") or _NOTHING) for call in calls),
        text="".join(part.get("text") or "" for part in parts if not part.get("thought")),
        is_cut=any(candidate.get("finishReason") in _CUT for candidate in candidates),
    )


def _json(text: str) -> JsonValue:
    """No arguments are written in several ways."""
    try:
        value: JsonValue = json.loads(text) if text.strip() else {}
    except ValueError:
        return None
    return value


_READERS: Final[dict[str, Callable[[list[Json]], Said]]] = {
    "completions": _chat,
    "chat": _chat,
    "responses": _responses,
    "messages": _messages,
    "invoke": _messages,
    "generateContent": _gemini,
    "streamGenerateContent": _gemini,
}


def is_readable(operations: Iterable[str]) -> bool:
    """Whether all of these are known here."""
    return all(operation in _READERS for operation in operations)
