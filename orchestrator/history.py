"""A run's transcript, put together from what is stored once: its input, its turns, its calls."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from pydantic import JsonValue

from orchestrator.tables import Run, ToolCall, Turn
from orchestrator.transcript import assistant_message, tool_message


def transcript(run: Run, turns: Sequence[Turn], calls: Sequence[ToolCall]) -> list[Mapping[str, JsonValue]]:
    """All messages in order. A call without an answer yet has no tool message."""
    by_turn = {turn: list(group) for turn, group in groupby(calls, key=lambda call: call.turn)}
    messages: list[Mapping[str, JsonValue]] = list(run.messages)
    for turn in turns:
        messages += _turn_messages(turn, by_turn.get(turn.turn, []))
    return messages


def _turn_messages(turn: Turn, calls: Sequence[ToolCall]) -> list[Mapping[str, JsonValue]]:
    wire = [(call.tool_call_id, call.name, call.arguments) for call in calls]
    answers = [tool_message(call.tool_call_id, call.content) for call in calls if call.content is not None]
    return [assistant_message(turn.content, turn.refusal, wire), *answers]
