"""Calls of a locked run, made ready to be sent once the transaction is committed."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from orchestrator.dispatch import Batch
from orchestrator.store import runs
from orchestrator.store import turns as store
from orchestrator.tables import Run, ToolCall
from tasks.messages import CallMessage, Grant


def batch(session: Session, run: Run, calls: Sequence[tuple[ToolCall, float]], epoch: str | None, *, is_whole: bool) -> Batch:
    """Each call with the seconds to wait before it. `epoch` is that of Redis as it was last read, `is_whole` as in Batch."""
    for call, _ in calls:
        call.epoch = epoch
    remaining_s = runs.remaining_s(session, run)
    deadline_s = _deadline_s(session, run, remaining_s)
    grants = tuple(_grant(run, call, delay_s, deadline_s) for call, delay_s in calls)
    return Batch(run.id, run.turn, grants, run.max_parallel_tool_calls, remaining_s, epoch, is_whole)


def _deadline_s(session: Session, run: Run, remaining_s: float) -> float:
    """A call has no more time than its turn has."""
    if run.turn_deadline_at is None:
        return remaining_s
    return min(remaining_s, (run.turn_deadline_at - runs.now(session)).total_seconds())


def _grant(run: Run, call: ToolCall, delay_s: float, deadline_s: float) -> Grant:
    if call.queue is None or call.timeout_s is None or call.schema_hash is None:
        raise ValueError(f"call {store.key(call)} is open but its tool is not known")
    return Grant(
        call=CallMessage(
            run_id=call.run_id,
            turn=call.turn,
            index=call.call_index,
            attempt=call.attempt,
            tool=call.name,
            schema_hash=call.schema_hash,
        ),
        queue=call.queue,
        schema_hash=call.schema_hash,
        arguments=call.arguments,
        timeout_s=call.timeout_s,
        deadline_s=deadline_s,
        start_within_s=run.start_within_s,
        delay_s=delay_s,
    )
