"""How the Responses API pairs calls, outputs and reasoning: what it would answer 400 to."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.llm.untrusted import NOTHING, mapping
from orchestrator.transcript import IllegalTranscript


def check(items: Sequence[Any]) -> None:
    """Raises IllegalTranscript unless every call is answered once before anything else is said, every output answers a call,
    and reasoning is followed by what it led to."""
    if not items:
        raise IllegalTranscript("input", "must hold at least one item")
    unanswered: dict[str, str] = {}
    is_answering = False
    for index, item in enumerate(map(mapping, items)):
        path, kind = f"input.{index}", item.get("type", "message")
        if kind == "function_call_output":
            _answer(unanswered, item, path)
            is_answering = True
            continue
        if kind == "message" or is_answering:
            _all_answered(unanswered)
            is_answering = False
        if kind == "function_call":
            _open(unanswered, item, path)
        if kind == "reasoning":
            _check_follower(items, index, path)
    _all_answered(unanswered)


def _open(unanswered: dict[str, str], item: Mapping[str, Any], path: str) -> None:
    call_id = item.get("call_id")
    if not isinstance(call_id, str) or not call_id:
        raise IllegalTranscript(f"{path}.call_id", "must be a string that is not empty")
    if call_id in unanswered:
        raise IllegalTranscript(f"{path}.call_id", "occurs twice in one turn")
    unanswered[call_id] = path


def _answer(unanswered: dict[str, str], item: Mapping[str, Any], path: str) -> None:
    if unanswered.pop(str(item.get("call_id")), None) is None:
        raise IllegalTranscript(f"{path}.call_id", "answers no open call")


def _all_answered(unanswered: Mapping[str, str]) -> None:
    if unanswered:
        raise IllegalTranscript(next(iter(unanswered.values())), "has no output: each call must be answered before the next message")


def _check_follower(items: Sequence[Any], index: int, path: str) -> None:
    following = mapping(items[index + 1]) if index + 1 < len(items) else NOTHING
    if not following or following.get("type") == "function_call_output" or str(following.get("role")) in {"user", "system", "developer"}:
        raise IllegalTranscript(path, "is reasoning without the item that followed it")
