"""Rows of closings: turns of which Redis is yet to be told that calls were answered."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator.store.runs import from_now
from orchestrator.store.turns import OPEN
from orchestrator.tables import Closing, Run, ToolCall
from tasks.names import CallKey


def open_for(session: Session, run: Run) -> None:
    """Notes, in the transaction that answers calls of the run's turn, that Redis is to be told."""
    session.execute(insert(Closing).values(run_id=run.id, turn=run.turn).on_conflict_do_nothing())


def overdue(session: Session, after_s: float, limit: int) -> list[tuple[str, int]]:
    """Turns for which it is not done after so long."""
    query = select(Closing.run_id, Closing.turn).where(Closing.created_at < from_now(-after_s)).limit(limit)
    return [(found.run_id, found.turn) for found in session.execute(query)]


def answered(session: Session, run_id: str, turn: int) -> list[CallKey]:
    """The turn's calls that have their answers."""
    query = select(ToolCall.call_index).where(ToolCall.run_id == run_id, ToolCall.turn == turn, ToolCall.status.not_in(OPEN))
    return [CallKey(run_id, turn, index) for index in session.scalars(query)]


def done(session: Session, run_id: str, turn: int) -> None:
    """Redis knows."""
    session.execute(delete(Closing).where(Closing.run_id == run_id, Closing.turn == turn))
