"""Rows of run events: what happened to a run, in order and without a gap."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, Literal

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.tables import Run, RunEvent, ToolCall

EventType = Literal[
    "run.queued",
    "model_call.started",
    "model_call.completed",
    "run.warning",
    "tool_call.queued",
    "tool_call.started",
    "tool_call.completed",
    "run.completed",
    "run.incomplete",
    "run.failed",
    "run.cancelled",
]

#: The event that ends a run of this status.
TERMINAL: Final[dict[str, EventType]] = {
    "completed": "run.completed",
    "incomplete": "run.incomplete",
    "failed": "run.failed",
    "cancelled": "run.cancelled",
}


def add(
    session: Session,
    run: Run,
    kind: EventType,
    data: Mapping[str, JsonValue] = MappingProxyType({}),
    *,
    turn: int | None = None,
    index: int | None = None,
    attempt: int | None = None,
) -> None:
    """Appends to the events of a run that this transaction has inserted or locked: the lock makes the numbers gapless."""
    run.last_event += 1
    session.add(RunEvent(run_id=run.id, seq=run.last_event, type=kind, turn=turn, call_index=index, attempt=attempt, data=dict(data)))


def add_of_call(session: Session, run: Run, kind: EventType, call: ToolCall, **data: JsonValue) -> None:
    """Appends what happened to a call's current attempt, to the events of its locked run."""
    add(session, run, kind, data, turn=call.turn, index=call.call_index, attempt=call.attempt)


def latest(session: Session, run_ids: Collection[str]) -> dict[str, int]:
    """The number of each run's newest event."""
    return {found.id: found.last_event for found in session.execute(select(Run.id, Run.last_event).where(Run.id.in_(run_ids)))}


def of_run(session: Session, run_id: str, after: int, limit: int) -> list[RunEvent]:
    """The run's events beyond `after`, in order."""
    query = select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.seq > after).order_by(RunEvent.seq).limit(limit)
    return list(session.scalars(query))
