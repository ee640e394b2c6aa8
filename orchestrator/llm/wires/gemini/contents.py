"""A conversation as Gemini's contents: turns of the user and the model, each with its parts."""

import base64
import json
import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import unquote_to_bytes

from pydantic import JsonValue

from orchestrator.llm.untrusted import mapping
from orchestrator.llm.wire import Body
from orchestrator.messages import (
    AssistantMessage,
    Call,
    Content,
    Image,
    Instructions,
    Message,
    Text,
    ToolMessage,
    UserMessage,
    text_of,
)

#: What Gemini 3 takes in the place of a signature on a call that it did not make itself, sent as it stands here and not in base64
#: (ai.google.dev/gemini-api/docs/thought-signatures; langchain-google#1570).
SKIPPED_SIGNATURE: Final = "skip_thought_signature_validator"
_UNKNOWN_IMAGE: Final = "image/jpeg"
#: What Gemini takes as the name of a call. Ours may also begin with a digit or a dash.
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]*")
_LONGEST_NAME: Final = 64
#: Gemini keeps every number as a double: beyond this, integers lose their last digits.
_EXACT: Final = 2**53


def contents(messages: Sequence[Message], provider: str, *, signed: bool) -> list[JsonValue]:
    """The conversation without its instructions. What this provider's model wrote goes back as it was; `signed`: the others' calls
    need what stands for a signature."""
    turns: list[Body] = []
    for message, results in _with_results(messages):
        match message:
            case UserMessage(content=content):
                turns.append(_turn("user", map(_part, _pieces(content))))
            case AssistantMessage():
                said = _said(message, provider, signed=signed)
                _append(turns, said)
                turns += _answers(message.calls, calls_of(said), results)
            case _:
                pass
    # Gemini takes no conversation that is empty or begins with a call; recorded traffic begins so then.
    return cast("list[JsonValue]", turns if turns and turns[0]["role"] == "user" else [_turn("user", [{"text": ""}]), *turns])


def instructions(messages: Iterable[Message]) -> list[JsonValue]:
    """The parts of the system instruction; Gemini has but one place for all of them."""
    texts = [text_of(message.content) for message in messages if isinstance(message, Instructions)]
    return [{"text": text} for text in texts if text]


def calls_of(turn: Body) -> list[dict[str, Any]]:
    """The calls in a turn's parts."""
    parts = cast("list[dict[str, Any]]", turn["parts"])
    return [part["functionCall"] for part in parts if isinstance(part.get("functionCall"), dict)]


def _turn(role: str, parts: Iterable[JsonValue]) -> Body:
    return {"role": role, "parts": list(parts)}


def _with_results(messages: Sequence[Message]) -> list[tuple[Message, list[ToolMessage]]]:
    """Every message but the results, each with those that follow it."""
    turns: list[tuple[Message, list[ToolMessage]]] = []
    for message in messages:
        if isinstance(message, ToolMessage) and turns:
            turns[-1][1].append(message)
        else:
            turns.append((message, []))
    return turns


def _append(turns: list[Body], said: Body) -> None:
    """Two turns of the model in a row are one: Gemini takes calls only after the user's turn, and no turn without parts."""
    parts = cast("list[JsonValue]", said["parts"])
    if turns and turns[-1]["role"] == "model":
        turns[-1] = _turn("model", [*cast("list[JsonValue]", turns[-1]["parts"]), *parts])
    elif parts:
        turns.append(said)


def _said(message: AssistantMessage, provider: str, *, signed: bool) -> Body:
    raw = message.raw_of(provider)
    parts = raw.get("parts") if isinstance(raw, dict) else None
    if isinstance(raw, dict) and isinstance(parts, list) and len(calls_of(raw)) == len(message.calls):
        return _turn("model", _sent_back(parts, message.calls, signed=signed))
    text = message.content or message.refusal
    called = [_called(call, signed=signed and index == 0) for index, call in enumerate(message.calls)]
    return _turn("model", [*([{"text": text}] if text else []), *called])


def _sent_back(parts: list[JsonValue], calls: Sequence[Call], *, signed: bool) -> Iterator[JsonValue]:
    """The parts as they came, but for calls that Gemini would not take back, though it wrote them: they go in our form."""
    left = iter(calls)
    for part in parts:
        fields = mapping(part)
        if not isinstance(fields.get("functionCall"), dict):
            yield part
            continue
        call = next(left)
        yield (
            part
            if _is_legal(mapping(fields["functionCall"]))
            else _called(call, signed=signed and fields.get("thoughtSignature") is not None)
        )


def _is_legal(called: Mapping[str, JsonValue]) -> bool:
    name, identity = called.get("name"), called.get("id")
    is_named = isinstance(name, str) and len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None
    return is_named and isinstance(called.get("args", {}), dict) and (identity is None or (isinstance(identity, str) and bool(identity)))


def _called(call: Call, *, signed: bool) -> JsonValue:
    """Without an id: it would be ours, and Gemini matches by position where it gave none."""
    name = call.name if _NAME.fullmatch(call.name) else f"_{call.name[: _LONGEST_NAME - 1]}"
    part: Body = {"functionCall": {"name": name, "args": json.loads(call.arguments)}}
    return {**part, "thoughtSignature": SKIPPED_SIGNATURE} if signed else part


def _answers(calls: Sequence[Call], called: Sequence[dict[str, Any]], results: Sequence[ToolMessage]) -> list[Body]:
    """One turn with a result for each call, in the calls' order, and one with the images that came with them."""
    by_id = {result.tool_call_id: result for result in results}
    paired = [(part, by_id[call.id]) for call, part in zip(calls, called, strict=True) if call.id in by_id]
    answers = [_turn("user", [_result(part, result) for part, result in paired])] if paired else []
    images = [shown for _, result in paired for shown in _images(result)]
    return [*answers, _turn("user", images)] if images else answers


def _result(called: dict[str, Any], result: ToolMessage) -> JsonValue:
    """With the names that Google's SDK documents for results and for errors."""
    response: Body = {"error": text_of(result.content)} if result.is_error else {"output": _output(text_of(result.content))}
    identity = {"id": called["id"]} if called.get("id") else {}
    return {"functionResponse": {"name": called.get("name", ""), "response": response, **identity}}


def _output(text: str) -> JsonValue:
    """A JSON object as such where nothing is lost in it, any other result as its text."""
    try:
        value = json.loads(text, parse_int=_exact, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text
    return cast("dict[str, JsonValue]", value) if isinstance(value, dict) else text


def _exact(digits: str) -> int:
    number = int(digits)
    return number if abs(number) <= _EXACT else _refused(digits)


def _refused(word: str) -> Any:
    raise ValueError(word)


def _images(result: ToolMessage) -> list[JsonValue]:
    """Only the newest models take images within a result, so they follow it."""
    images = [_image(piece) for piece in _pieces(result.content) if isinstance(piece, Image)]
    return [{"text": f"Images in the result of {result.name}:"}, *images] if images else []


def _pieces(content: Content) -> tuple[Text | Image, ...]:
    return (Text(text=content),) if isinstance(content, str) else content


def _part(piece: Text | Image) -> JsonValue:
    return {"text": piece.text} if isinstance(piece, Text) else _image(piece)


def _image(image: Image) -> JsonValue:
    scheme, _, rest = image.url.partition(":")
    if scheme.lower() != "data":
        return {"fileData": {"fileUri": image.url, "mimeType": mimetypes.guess_type(image.url.partition("?")[0])[0] or _UNKNOWN_IMAGE}}
    head, _, data = rest.partition(",")
    if not head.endswith(";base64"):
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    return {"inlineData": {"mimeType": head.partition(";")[0] or _UNKNOWN_IMAGE, "data": data}}
