"""Rows as they are answered."""

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from orchestrator import answer
from orchestrator.llm.model import ResponseFormat, Usage
from orchestrator.runs import RunView
from orchestrator.schemas.run import (
    CallError,
    EventObject,
    IncompleteDetails,
    RunError,
    RunObject,
    RunSummary,
    RunWarning,
    ToolCallObject,
    TurnObject,
)
from orchestrator.schemas.tool import ToolObject
from orchestrator.store.turns import OPEN, key
from orchestrator.tables import Run, RunEvent, ToolCall, ToolVersion, Turn
from tasks.messages import Outcome, ToolSpec


def run_object(view: RunView) -> RunObject:
    """A run with all that happened in it."""
    output = _output(view.run, view.turns, view.calls)
    return RunObject(
        **_summary(view.run),
        messages=[dict(message) for message in view.messages],
        response_format=_form(view.run),
        output=output,
        output_parsed=_parsed(view.run, output),
        turns=[_turn(turn) for turn in view.turns],
        tool_calls=[_call(call) for call in view.calls],
    )


def run_summary(run: Run) -> RunSummary:
    """A run in a list."""
    return RunSummary(**_summary(run))


def tool_object(version: ToolVersion, *, live: bool) -> ToolObject:
    """A tool in its newest version."""
    spec = ToolSpec.model_validate(version.spec)
    return ToolObject(
        **spec.model_dump(exclude={"strict_parameters", "tags"}),
        strict=spec.strict_parameters is not None,
        tags=list(spec.tags),
        workers=version.workers,
        live=live,
        last_seen_at=version.last_seen_at,
    )


def event_object(event: RunEvent) -> EventObject:
    """One of a run's events."""
    return EventObject(
        seq=event.seq, at=event.at, type=event.type, turn=event.turn, index=event.call_index, attempt=event.attempt, data=event.data
    )


def _summary(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "status": run.status,
        "model": run.model,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "deadline_at": run.deadline_at,
        "tools": list(run.tools),
        "tool_choice": run.options.get("tool_choice"),
        "parallel_tool_calls": run.options.get("parallel_tool_calls"),
        "max_turns": run.max_turns,
        "max_parallel_tool_calls": run.max_parallel_tool_calls,
        "max_tool_calls": run.max_tool_calls,
        "max_total_tokens": run.max_total_tokens,
        "max_cost_usd": run.max_cost_usd,
        "max_repairs": run.max_repairs,
        "repairs": run.repairs,
        "stream": run.stream,
        "previous_run_id": run.previous_run_id,
        "turn_deadline_s": run.turn_deadline_s,
        "start_within_s": run.start_within_s,
        "fail_fast": run.fail_fast,
        "metadata": run.labels,
        "usage": _usage(run),
        "warnings": [RunWarning.model_validate(warning) for warning in run.warnings or ()],
        "incomplete_details": IncompleteDetails(reason=run.incomplete_reason) if run.incomplete_reason else None,
        "error": RunError.model_validate(run.error) if run.error else None,
    }


def _output(run: Run, turns: Sequence[Turn], calls: Sequence[ToolCall]) -> str | None:
    """The last reply's text, unless the run ended otherwise or that reply asked for tools."""
    if run.status not in {"completed", "incomplete"} or not turns:
        return None
    last = turns[-1]
    return None if any(call.turn == last.turn for call in calls) else last.content


def _form(run: Run) -> JsonValue:
    """As it was asked for; any object is a schema of its own."""
    if run.response_format is None:
        return None
    form = ResponseFormat.model_validate(run.response_format)
    asked = {"name": form.name, "description": form.description, "strict": form.strict}
    return {"type": "json_schema", "json_schema": {**asked, "schema": dict(form.answer_schema)}}


def _parsed(run: Run, output: str | None) -> JsonValue:
    if run.response_format is None or output is None:
        return None
    try:
        return answer.parse(output, ResponseFormat.model_validate(run.response_format).answer_schema)
    except answer.InvalidAnswer:
        return None


def _turn(turn: Turn) -> TurnObject:
    return TurnObject(
        turn=turn.turn,
        provider=turn.provider,
        model=turn.model,
        finish_reason=turn.finish_reason,
        request_id=turn.request_id,
        latency_ms=turn.latency_ms,
        usage=_usage(turn),
        finished_at=turn.finished_at,
    )


def _usage(row: Run | Turn) -> Usage:
    return Usage(**{name: getattr(row, name) for name in Usage.model_fields})


def _call(call: ToolCall) -> ToolCallObject:
    return ToolCallObject.model_validate(
        {
            "id": str(key(call)),
            "index": call.call_index,
            "outcome": None if call.status in OPEN else Outcome(call.status),
            "error": CallError.model_validate(call.error) if call.error else None,
            **{name: getattr(call, name) for name in _SAME},
        }
    )


#: Columns that are answered as they are, under their own names.
_SAME = ToolCallObject.model_fields.keys() - {"id", "index", "outcome", "error"}
