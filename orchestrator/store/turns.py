"""Rows of turns and their tool calls: a reply recorded once, each call answered once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import JsonValue
from sqlalchemy import Integer, Text, and_, column, func, select, tuple_, update, values
from sqlalchemy.orm import Session, undefer

from orchestrator.store import events
from orchestrator.store.runs import now, seconds
from orchestrator.tables import Run, ToolCall, Turn
from tasks.messages import CallOutcome, ToolResult
from tasks.names import CallKey

OPEN: Final = ("queued", "in_progress")


def key(call: ToolCall) -> CallKey:
    """The call's name among all calls."""
    return CallKey(call.run_id, call.turn, call.call_index)


def record(session: Session, turn: Turn, calls: Iterable[ToolCall]) -> None:
    """Adds a turn's reply with its calls."""
    session.add(turn)
    session.flush()
    session.add_all(calls)
    session.flush()


def repair(session: Session, run: Run, feedback: str | None) -> None:
    """The locked run's turn is not valid, and the next one is to mend it. `feedback` is what the model is told as by a user."""
    run.repairs += 1
    if feedback is not None:
        session.execute(update(Turn).where(Turn.run_id == run.id, Turn.turn == run.turn).values(feedback=feedback))


def of_run(session: Session, run_id: str, *, raw: bool = False) -> list[Turn]:
    """The run's turns in order; `raw`: with what their providers wrote."""
    query = select(Turn).where(Turn.run_id == run_id).order_by(Turn.turn)
    return list(session.scalars(query.options(undefer(Turn.raw)) if raw else query))


def calls_of_run(session: Session, run_id: str) -> list[ToolCall]:
    """The run's calls in the order of their turns and of the model."""
    query = select(ToolCall).where(ToolCall.run_id == run_id).order_by(ToolCall.turn, ToolCall.call_index)
    return list(session.scalars(query))


def open_calls(session: Session, run_id: str, turn: int) -> list[ToolCall]:
    """The turn's calls that have no answer yet."""
    query = (
        select(ToolCall).where(ToolCall.run_id == run_id, ToolCall.turn == turn, ToolCall.status.in_(OPEN)).order_by(ToolCall.call_index)
    )
    return list(session.scalars(query))


def awaited(session: Session, run_id: str, turn: int) -> list[ToolCall]:
    """The open calls of a turn that its run waits for."""
    query = (
        select(ToolCall)
        .join(Run, Run.id == ToolCall.run_id)
        .where(Run.id == run_id, Run.status == "in_progress", Run.step == "tools", Run.turn == turn)
        .where(ToolCall.turn == turn, ToolCall.status.in_(OPEN))
        .order_by(ToolCall.call_index)
    )
    return list(session.scalars(query))


def granted(session: Session, run_id: str, turn: int, attempts: Sequence[tuple[int, int]]) -> None:
    """Marks the attempts, by call index and number, whose grants Redis has."""
    these = tuple_(ToolCall.call_index, ToolCall.attempt).in_(attempts)
    session.execute(update(ToolCall).where(ToolCall.run_id == run_id, ToolCall.turn == turn, these).values(granted_at=func.now()))


def answer(session: Session, run: Run, call: ToolCall, outcome: CallOutcome, **told: JsonValue) -> None:
    """Gives an open call of a locked run its tool message."""
    call.status = outcome.outcome.value
    call.content = outcome.content
    call.error = outcome.error.model_dump(mode="json") if outcome.error else None
    call.truncated = outcome.truncated
    call.finished_at = func.clock_timestamp()
    code = {"code": outcome.error.code} if outcome.error else {}
    events.add_of_call(session, run, "tool_call.completed", call, outcome=call.status, **code, **told)


def answer_with(session: Session, run: Run, call: ToolCall, result: ToolResult) -> None:
    """Gives an open call the tool message of its current attempt, and the times that its worker measured. They are
    durations: its clock is not ours."""
    answer(session, run, call, result.result, worker=result.worker, run_ms=result.run_ms)
    call.worker = result.worker
    call.queue_wait_ms = result.queue_wait_ms
    call.run_ms = result.run_ms
    start = call.granted_at or call.created_at
    started_at = start + timedelta(milliseconds=result.queue_wait_ms)
    call.started_at = started_at
    call.finished_at = started_at + timedelta(milliseconds=result.run_ms)


def again(session: Session, run: Run, call: ToolCall, delay_s: float, reason: str) -> None:
    """Opens the next attempt of a locked run's call, not to be sent again by others before its wait is over."""
    call.attempt += 1
    call.not_before = now(session) + timedelta(seconds=delay_s)
    call.status = "queued"
    call.granted_at = None
    call.started_at = None
    call.worker = None
    events.add_of_call(session, run, "tool_call.queued", call, reason=reason, delay_s=round(delay_s, 3))


def answer_open(session: Session, run: Run, outcome: CallOutcome) -> list[CallKey]:
    """Answers every open call of the run's turn alike, so that its transcript stays legal; gives their keys."""
    calls = open_calls(session, run.id, run.turn)
    for call in calls:
        answer(session, run, call, outcome)
    return [key(call) for call in calls]


def started(session: Session, workers: Mapping[tuple[CallKey, int], str]) -> None:
    """Notes which worker began which attempt, for those who watch. The results bring the exact times."""
    if not workers:
        return
    # In one order, so that two that note at the same time do not wait for each other.
    ids = sorted({call.run_id for call, _ in workers})
    known = {run.id: run for run in session.scalars(select(Run).where(Run.id.in_(ids)).order_by(Run.id).with_for_update())}
    told = values(
        column("run_id", Text),
        column("turn", Integer),
        column("call_index", Integer),
        column("attempt", Integer),
        column("worker", Text),
        name="told",  # Without a name its columns have none either, and Postgres takes them for the table's own.
    ).data([(call.run_id, call.turn, call.index, attempt, worker) for (call, attempt), worker in workers.items()])
    this = and_(*(getattr(ToolCall, name) == told.c[name] for name in ("run_id", "turn", "call_index", "attempt")))
    begun = {"status": "in_progress", "worker": told.c.worker, "started_at": func.clock_timestamp()}
    noted = update(ToolCall).where(this, ToolCall.status == "queued").values(begun)
    names = (ToolCall.run_id, ToolCall.turn, ToolCall.call_index, ToolCall.attempt, ToolCall.worker)
    # No row is in the session, and SQLAlchemy would look for them.
    for run_id, turn, index, attempt, worker in session.execute(noted.returning(*names), execution_options={"synchronize_session": False}):
        events.add(session, known[run_id], "tool_call.started", {"worker": worker}, turn=turn, index=index, attempt=attempt)


def progressed(session: Session, call: CallKey, attempt: int, progress: dict[str, Any]) -> None:
    """Notes what a running tool says of itself."""
    this = (ToolCall.run_id == call.run_id, ToolCall.turn == call.turn, ToolCall.call_index == call.index, ToolCall.attempt == attempt)
    session.execute(update(ToolCall).where(*this, ToolCall.status.in_(OPEN)).values(progress=progress))


def waiting(session: Session, grace_s: float, after: str, limit: int) -> list[tuple[str, int]]:
    """Turns that have waited for their tools for longer than `grace_s`, or than a call of theirs may wait for its start,
    of runs whose ids come after `after`."""
    grace = func.min(func.least(seconds(grace_s), seconds(Run.start_within_s)))
    query = (
        select(Run.id, Run.turn)
        .join(ToolCall, (ToolCall.run_id == Run.id) & (ToolCall.turn == Run.turn))
        .where(Run.status == "in_progress", Run.step == "tools", Run.id > after)
        .group_by(Run.id, Run.turn)
        .having(func.max(func.coalesce(ToolCall.granted_at, ToolCall.created_at)) < func.now() - grace)
        .order_by(Run.id)
        .limit(limit)
    )
    return [(found.id, found.turn) for found in session.execute(query)]
