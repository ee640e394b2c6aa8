"""Rows of model providers: whether the coordinators can ask them. Names that begin with no provider's have a row, too."""

from collections.abc import Mapping

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator.tables import ModelProvider


def keep(session: Session, problems: Mapping[str, str | None]) -> None:
    """Notes of each provider why it cannot be asked, or that it can."""
    rows = [{"name": name, "problem": problem} for name, problem in sorted(problems.items())]
    new = insert(ModelProvider).values(rows)
    said = {"problem": new.excluded.problem, "seen_at": func.now()}
    session.execute(new.on_conflict_do_update(index_elements=["name"], set_=said))


def problem(session: Session, name: str) -> str | None:
    """Why the provider cannot be asked. None where it can, and where no coordinator has said anything yet."""
    found = session.get(ModelProvider, name)
    return found.problem if found else None
