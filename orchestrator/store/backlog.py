"""How many runs wait and go on: what new ones are admitted by."""

from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session

from orchestrator.tables import Run

_QUEUED: Final = "queued"
_RUNNING: Final = "in_progress"


class Backlog(NamedTuple):
    """Runs whose first model call nobody has claimed, runs that have begun, and how long the oldest of the first has waited."""

    queued: int
    running: int
    oldest_s: float


def measure(session: Session, most_queued: int, most_running: int) -> Backlog:
    """The open runs, each kind counted up to its limit: what is beyond costs nothing."""
    queued, running, age = session.execute(statement(most_queued, most_running)).one()
    return Backlog(queued, running, age.total_seconds() if age else 0.0)


def statement(most_queued: int, most_running: int) -> Select[int, int, timedelta | None]:
    """What is asked of Postgres."""
    return select(_count(_QUEUED, most_queued), _count(_RUNNING, most_running), _age_of_oldest())


def _count(status: str, limit: int) -> ScalarSelect[int]:
    # In the order of the index on status and id, so that no plan reads the runs that have ended.
    some = select(Run.id).where(Run.status == status).order_by(Run.id).limit(limit).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _age_of_oldest() -> ScalarSelect[timedelta]:
    # Ids are made in the order of time.
    return select(func.now() - Run.created_at).where(Run.status == _QUEUED).order_by(Run.id).limit(1).scalar_subquery()
