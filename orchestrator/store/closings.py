"""Rows of closings: turns of which Redis is yet to be told that calls were answered."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator.store.turns import OPEN
from orchestrator.tables import Closing, Run, ToolCall
from tasks.names import CallKey


def open_for(session: Session, run: Run) -> None:
    """Notes, in the transaction that answers calls of the run's turn, that Redis is to be told."""
    session.execute(
        insert(Closing)
        .values(run_id=run.id, turn=run.turn, created_at=func.clock_timestamp())
        .on_conflict_do_update(index_elements=["run_id", "turn"], set_={"created_at": func.clock_timestamp()})
    )


def left(session: Session, limit: int) -> list[tuple[str, int]]:
    """Turns for which it is not done."""
    query = select(Closing.run_id, Closing.turn).order_by(Closing.created_at).limit(limit)
    return [(found.run_id, found.turn) for found in session.execute(query)]


def answered(session: Session, run_id: str, turn: int) -> list[CallKey]:
    """The turn's calls that have their answers."""
    query = select(ToolCall.call_index).where(ToolCall.run_id == run_id, ToolCall.turn == turn, ToolCall.status.not_in(OPEN))
    return [CallKey(run_id, turn, index) for index in session.scalars(query)]


def opened_at(session: Session, run_id: str, turn: int) -> datetime | None:
    """When the turn's closing was opened last; None where there is none."""
    return session.scalar(select(Closing.created_at).where(Closing.run_id == run_id, Closing.turn == turn))


def done(session: Session, run_id: str, turn: int, opened_at: datetime) -> None:
    """Redis knows of all that was answered until then. A closing that was opened since stays."""
    session.execute(delete(Closing).where(Closing.run_id == run_id, Closing.turn == turn, Closing.created_at == opened_at))
