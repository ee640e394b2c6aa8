"""Transcripts in OpenAI's chat form, as they are posted: what makes one legal."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from tasks.names import TOOL_NAME

_ROLES: Final = ("system", "developer", "user", "assistant", "tool")


class IllegalTranscript(ValueError):
    """A provider would refuse these messages. `path` names the place, such as `messages.3.tool_call_id`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


def check(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raises IllegalTranscript unless every message is well formed, and the calls of every assistant message are
    followed at once by exactly one tool message each."""
    if not messages:
        raise IllegalTranscript("messages", "must hold at least one message")
    unanswered: dict[str, str] = {}
    for index, message in enumerate(messages):
        path = f"messages.{index}"
        if _role(message, path) == "tool":
            _answer(unanswered, message, path)
            continue
        _all_answered(unanswered)
        unanswered = _checked_calls(message, path)
    _all_answered(unanswered)


def call_ids(messages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The ids of all calls in a legal transcript."""
    return frozenset(call["id"] for message in messages for call in message.get("tool_calls", ()))


def _role(message: Any, path: str) -> str:
    if not isinstance(message, Mapping):
        raise IllegalTranscript(path, "must be an object")
    role = cast("Mapping[str, Any]", message).get("role")
    if role not in _ROLES:
        raise IllegalTranscript(f"{path}.role", f"must be one of {', '.join(_ROLES)}")
    return str(role)


def _answer(unanswered: dict[str, str], message: Mapping[str, Any], path: str) -> None:
    """Takes the call that a tool message answers from those that wait for one."""
    tool_call_id = _text(message.get("tool_call_id"), f"{path}.tool_call_id")
    _check_content(message.get("content"), f"{path}.content")
    if unanswered.pop(tool_call_id, None) is None:
        raise IllegalTranscript(
            f"{path}.tool_call_id", "answers no open call: each tool call takes one tool message, right after the message that made it"
        )


def _all_answered(unanswered: Mapping[str, str]) -> None:
    if unanswered:
        path = next(iter(unanswered.values()))
        raise IllegalTranscript(path, "has no tool message: each tool call must be answered before the next message")


def _checked_calls(message: Mapping[str, Any], path: str) -> dict[str, str]:
    """The ids of a message's calls, each with its path. Raises unless all but a tool's message is well formed."""
    if message["role"] != "assistant":
        _check_content(message.get("content"), f"{path}.content")
        return {}
    _check_words(message, path)
    if "tool_calls" not in message:
        return {}
    calls = message["tool_calls"]
    if not isinstance(calls, list) or not calls:
        raise IllegalTranscript(f"{path}.tool_calls", "must be a list of calls; leave it out where there are none")
    return _call_ids(cast("list[Any]", calls), f"{path}.tool_calls")


def _check_words(message: Mapping[str, Any], path: str) -> None:
    content, refusal = message.get("content"), message.get("refusal")
    if content is not None:
        _check_content(content, f"{path}.content")
    if refusal is not None and not isinstance(refusal, str):
        raise IllegalTranscript(f"{path}.refusal", "must be a string")
    if content is None and refusal is None and "tool_calls" not in message:
        raise IllegalTranscript(f"{path}.content", "is needed in a message without tool_calls")


def _call_ids(calls: Sequence[Any], path: str) -> dict[str, str]:
    ids: dict[str, str] = {}
    for index, call in enumerate(calls):
        call_path = f"{path}.{index}"
        call_id = _checked_call(call, call_path)
        if call_id in ids:
            raise IllegalTranscript(f"{call_path}.id", "occurs twice in this message")
        ids[call_id] = f"{call_path}.id"
    return ids


def _checked_call(call: Any, path: str) -> str:
    """The call's id."""
    fields = _object(call, path)
    call_id = _text(fields.get("id"), f"{path}.id")
    if fields.get("type") != "function":
        raise IllegalTranscript(f"{path}.type", "must be function")
    function = _object(fields.get("function"), f"{path}.function")
    if not TOOL_NAME.fullmatch(_text(function.get("name"), f"{path}.function.name")):
        raise IllegalTranscript(f"{path}.function.name", "may hold letters, digits, _ and -, at most 64")
    if not isinstance(function.get("arguments"), str):
        raise IllegalTranscript(f"{path}.function.arguments", "must be a string that holds a JSON object")
    return call_id


def _check_content(content: Any, path: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list) or not content:
        raise IllegalTranscript(path, "must be a string or a list of content parts")
    for index, part in enumerate(cast("list[Any]", content)):
        part_path = f"{path}.{index}"
        _text(_object(part, part_path).get("type"), f"{part_path}.type")


def _object(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise IllegalTranscript(path, "must be an object")
    return cast("Mapping[str, Any]", value)


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise IllegalTranscript(path, "must be a string that is not empty")
    return value
