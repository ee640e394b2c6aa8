"""Runs that continue each other: each names the one whose transcript comes before its own."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, NamedTuple

from sqlalchemy import Select, Text, cast, func, literal, select
from sqlalchemy.orm import Session, undefer

from orchestrator.store.runs import WHOLE
from orchestrator.tables import Run, ToolCall, Turn

#: The most runs of one conversation.
LONGEST: Final = 256
#: The most bytes of a conversation that is continued: with each model call, and for whoever reads the run, all of it is read.
LARGEST: Final = 32 * 1024 * 1024


class Link(NamedTuple):
    """One run of a conversation, with its turns and calls in order."""

    run: Run
    turns: Sequence[Turn]
    calls: Sequence[ToolCall]


def length(session: Session, run_id: str) -> int:
    """How many runs the conversation has that ends with this one."""
    return len(_ids(session, run_id))


def size(session: Session, run_id: str) -> int:
    """How many bytes were posted in the conversation that ends with this run, or answered by its tools."""
    ids = _ids(session, run_id)
    posted = select(func.sum(func.octet_length(cast(Run.messages, Text)))).where(Run.id.in_(ids))
    answered = select(func.sum(func.octet_length(ToolCall.content))).where(ToolCall.run_id.in_(ids))
    return sum(session.scalar(query) or 0 for query in (posted, answered))


def before(session: Session, run: Run, *, raw: bool = False) -> list[Link]:
    """The runs before this one, the oldest first; `raw`: with what their providers wrote. All of them have ended."""
    if run.previous_run_id is None:
        return []
    ids = _ids(session, run.previous_run_id)
    runs = {found.id: found for found in session.scalars(select(Run).where(Run.id.in_(ids)).options(*WHOLE))}
    turns = select(Turn).where(Turn.run_id.in_(ids)).order_by(Turn.run_id, Turn.turn)
    calls = select(ToolCall).where(ToolCall.run_id.in_(ids)).order_by(ToolCall.run_id, ToolCall.turn, ToolCall.call_index)
    turns_of = {run_id: list(found) for run_id, found in groupby(session.scalars(_with_raw(turns, raw=raw)), lambda turn: turn.run_id)}
    calls_of = {run_id: list(found) for run_id, found in groupby(session.scalars(calls), lambda call: call.run_id)}
    return [Link(runs[run_id], turns_of.get(run_id, []), calls_of.get(run_id, [])) for run_id in reversed(ids)]


def _with_raw(turns: Select[Turn], *, raw: bool) -> Select[Turn]:
    return turns.options(undefer(Turn.raw)) if raw else turns


def _ids(session: Session, run_id: str) -> list[str]:
    """From the newest on."""
    chain = select(Run.id, Run.previous_run_id, literal(1).label("depth")).where(Run.id == run_id).cte(recursive=True)
    older = select(Run.id, Run.previous_run_id, chain.c.depth + 1).where(Run.id == chain.c.previous_run_id, chain.c.depth < LONGEST)
    whole = chain.union_all(older)
    return list(session.scalars(select(whole.c.id).order_by(whole.c.depth)))
