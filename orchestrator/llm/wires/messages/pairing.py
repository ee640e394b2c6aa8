"""How calls and results must be paired in /v1/messages, checked before a request is sent."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from orchestrator.transcript import IllegalTranscript

_ROLES: Final = ("user", "assistant")


def check(turns: Sequence[Mapping[str, Any]]) -> None:
    """Raises IllegalTranscript unless turns alternate, hold something, and every call is answered by exactly one result, all of them
    at the start of the next turn. Source: "Parallel tool use" (Anthropic), and its answers 400."""
    if not turns:
        raise IllegalTranscript("messages", "must hold more than instructions: Anthropic takes none without a turn")
    open_calls: dict[str, str] = {}
    for index, turn in enumerate(turns):
        path, blocks = f"messages.{index}", _blocks(turn, index)
        if turn["role"] == "user":
            _check_results(blocks, open_calls, f"{path}.content")
        _all_answered(open_calls)
        open_calls = _calls(blocks, f"{path}.content") if turn["role"] == "assistant" else {}
    _all_answered(open_calls)


def _blocks(turn: Mapping[str, Any], index: int) -> list[Mapping[str, Any]]:
    """The turn's blocks. Turns alternate, and the user begins."""
    path, expected = f"messages.{index}", _ROLES[index % 2]
    if turn["role"] != expected:
        raise IllegalTranscript(f"{path}.role", f"must be {expected}: turns alternate, and the user begins")
    blocks = cast("list[Mapping[str, Any]]", turn["content"])
    if not blocks:
        raise IllegalTranscript(f"{path}.content", "must hold at least one block")
    for place, block in enumerate(blocks):
        if block["type"] == "text" and not block["text"].strip():
            raise IllegalTranscript(f"{path}.content.{place}.text", "must hold more than blanks")
    return blocks


def _check_results(blocks: Sequence[Mapping[str, Any]], open_calls: dict[str, str], path: str) -> None:
    """Takes the calls that the blocks answer from those that wait for a result."""
    others_came = False
    for place, block in enumerate(blocks):
        if block["type"] != "tool_result":
            others_came = True
        elif others_came:
            raise IllegalTranscript(f"{path}.{place}", "must come before all other blocks: results are the first of their turn")
        elif open_calls.pop(block["tool_use_id"], None) is None:
            raise IllegalTranscript(f"{path}.{place}.tool_use_id", "answers no call of the turn before, or one that has its result")


def _all_answered(open_calls: Mapping[str, str]) -> None:
    if open_calls:
        raise IllegalTranscript(next(iter(open_calls.values())), "has no tool_result at the start of the next turn")


def _calls(blocks: Sequence[Mapping[str, Any]], path: str) -> dict[str, str]:
    """The ids of a turn's calls, each with its path."""
    calls: dict[str, str] = {}
    for place, block in enumerate(blocks):
        if block["type"] == "tool_use":
            if block["id"] in calls:
                raise IllegalTranscript(f"{path}.{place}.id", "occurs twice in this turn")
            calls[block["id"]] = f"{path}.{place}.id"
    return calls
