"""Rows of runs: accepted once, claimed step by step, closed once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session, undefer

from orchestrator.store import events
from orchestrator.tables import Run

OPEN: Final = ("queued", "in_progress")
#: Heard by whoever waits for a run: the payload is the run's id.
FINISHED_CHANNEL: Final = "toolchord_finished"
#: Loads what is long, too.
WHOLE: Final = (undefer(Run.messages), undefer(Run.result_tools), undefer(Run.response_format))


class Step(NamedTuple):
    """A claimed model step: only this attempt may write its reply."""

    run_id: str
    turn: int
    attempt: int


def now(session: Session) -> datetime:
    """The database's clock, the only one that deadlines and leases go by."""
    return session.scalars(select(func.now())).one()


def remaining_s(session: Session, run: Run) -> float:
    """Seconds to the run's deadline."""
    return (run.deadline_at - now(session)).total_seconds()


def insert(session: Session, run: Run) -> None:
    """Adds an accepted run."""
    run.last_event = 0
    session.add(run)
    session.flush()
    events.add(session, run, "run.queued")


def get(session: Session, run_id: str) -> Run | None:
    """The run with its input, as it was last committed."""
    return session.get(Run, run_id, options=WHOLE)


def glance(session: Session, run_id: str) -> Run | None:
    """The run without its input, as it was last committed."""
    return session.get(Run, run_id)


def lock(session: Session, run_id: str) -> Run | None:
    """The run, held against every other writer until the transaction ends."""
    return session.get(Run, run_id, with_for_update=True, populate_existing=True)


def claim_step(session: Session, run_id: str, lease_s: float) -> Step | None:
    """Claims the run's model step when nobody holds it, or its holder's lease has ended."""
    claimed = session.execute(
        update(Run)
        .where(
            Run.id == run_id,
            Run.status.in_(OPEN),
            Run.step == "model",
            or_(Run.step_lease_until.is_(None), Run.step_lease_until < func.now()),
        )
        .values(
            status="in_progress",
            started_at=func.coalesce(Run.started_at, func.now()),
            step_attempt=Run.step_attempt + 1,
            step_lease_until=from_now(lease_s),
        )
        .returning(Run.turn, Run.step_attempt)
    ).one_or_none()
    return Step(run_id, claimed.turn, claimed.step_attempt) if claimed else None


def renew(session: Session, steps: Sequence[Step], lease_s: float) -> None:
    """Prolongs the leases of the steps that are still held."""
    session.execute(update(Run).where(Run.id.in_(_held(steps))).values(step_lease_until=from_now(lease_s)))


def release(session: Session, steps: Sequence[Step]) -> None:
    """Ends the leases of the steps that are still held, so that they can be claimed at once."""
    session.execute(update(Run).where(Run.id.in_(_held(steps))).values(step_lease_until=func.now()))


def _held(steps: Sequence[Step]) -> Select[str]:
    """The runs whose steps these still are, locked in the order in which all lock several runs."""
    held = tuple_(Run.id, Run.step_attempt).in_([(step.run_id, step.attempt) for step in steps])
    return select(Run.id).where(held, Run.step == "model").order_by(Run.id).with_for_update()


def next_step(session: Session, run: Run, lease_s: float) -> Step:
    """Moves a locked run to its next model step and claims that at once, for the caller."""
    run.turn += 1
    run.turn_deadline_at = None
    run.step = "model"
    run.step_attempt += 1
    run.step_lease_until = from_now(lease_s)
    session.flush()
    return Step(run.id, run.turn, run.step_attempt)


def await_tools(session: Session, run: Run) -> None:
    """The locked run's turn now waits for its tool calls, for as long as the run's policy says."""
    run.step = "tools"
    run.step_lease_until = None
    run.turn_deadline_at = None if run.turn_deadline_s is None else now(session) + timedelta(seconds=run.turn_deadline_s)


def close(session: Session, run: Run, status: str, reason: str | None = None, error: Mapping[str, JsonValue] | None = None) -> None:
    """Ends a locked, open run; whoever waits for it hears of it when the transaction commits."""
    run.status = status
    run.incomplete_reason = reason
    run.error = dict(error) if error else None
    run.step = "done"
    run.step_lease_until = None
    run.finished_at = func.clock_timestamp()
    events.add(session, run, events.TERMINAL[status], _why(reason, error), turn=run.turn)
    session.flush()
    session.execute(select(func.pg_notify(FINISHED_CHANNEL, run.id)))


def _why(reason: str | None, error: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
    return ({"reason": reason} if reason else {}) | ({"code": error["code"]} if error else {})


def page(session: Session, limit: int, after: str | None, status: str | None, labels: Mapping[str, str]) -> list[Run]:
    """Runs from the newest on, beyond `after`, that have the status and all the labels."""
    query = select(Run).order_by(Run.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Run.id < after)
    if status is not None:
        query = query.where(Run.status == status)
    if labels:
        query = query.where(Run.labels.contains(dict(labels)))
    return list(session.scalars(query))


def ended(session: Session, run_ids: Collection[str]) -> list[str]:
    """Those of the runs that have ended."""
    return list(session.scalars(select(Run.id).where(Run.id.in_(run_ids), Run.status.not_in(OPEN))))


def overdue(session: Session, limit: int) -> list[str]:
    """Open runs whose deadline has passed."""
    query = select(Run.id).where(Run.status.in_(OPEN), Run.deadline_at < func.now()).limit(limit)
    return list(session.scalars(query))


def late_turns(session: Session, limit: int) -> list[tuple[str, int]]:
    """Turns that wait for tools beyond their own deadline."""
    query = select(Run.id, Run.turn).where(Run.status == "in_progress", Run.step == "tools", Run.turn_deadline_at < func.now()).limit(limit)
    return [(found.id, found.turn) for found in session.execute(query)]


def idle(session: Session, grace_s: float, limit: int) -> list[str]:
    """Open runs whose model step nobody holds: the doorbell was lost, or its holder."""
    due = func.coalesce(Run.step_lease_until, Run.created_at + seconds(grace_s))
    query = select(Run.id).where(Run.status.in_(OPEN), Run.step == "model", due < func.now()).limit(limit)
    return list(session.scalars(query))


def seconds(count: float | InstrumentedAttribute[float | None]) -> ColumnElement[timedelta]:
    """An interval."""
    return func.make_interval(0, 0, 0, 0, 0, 0, count)


def from_now(count: float) -> ColumnElement[datetime]:
    """A time so many seconds ahead, by the database's clock."""
    return func.now() + seconds(count)
