"""When a turn goes on without the answers of all its calls. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from orchestrator.tables import Run, ToolCall
from tasks.grants import CallState
from tasks.messages import CallOutcome, Outcome

#: A worker that claims a call so late refuses to start it; until then nobody else says that it was not started.
_CLAIM_MARGIN_S: Final = 1.0
#: What ends a turn that is to fail fast.
_FAILURES: Final = {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.LOST}

NOT_STARTED: Final = CallOutcome.of_error(Outcome.TIMED_OUT, "not_started", "No worker started this call in time. It did not run.")
_TURN_OVER: Final = CallOutcome.of_error(
    Outcome.TIMED_OUT, "turn_deadline", "Not answered before the turn's deadline. It may or may not have taken effect."
)
_SIBLING_FAILED: Final = CallOutcome.of_error(
    Outcome.CANCELLED, "sibling_failed", "Stopped because another call of this turn failed. It may or may not have taken effect."
)


def cut(run: Run, calls: Iterable[ToolCall], now: datetime) -> CallOutcome | None:
    """The answer of the turn's calls that are open when the turn does not wait for them any more; None while it waits."""
    if run.turn_deadline_at is not None and run.turn_deadline_at <= now:
        return _TURN_OVER
    if run.fail_fast and any(call.status in _FAILURES for call in calls):
        return _SIBLING_FAILED
    return None


def is_late(run: Run, call: ToolCall, state: CallState, now: datetime) -> bool:
    """Whether a call that nobody has claimed may not start any more. Of one that is granted and not yet noted as such only
    its worker knows."""
    if run.start_within_s is None or state.leased or (state.granted and call.granted_at is None):
        return False
    due = max(filter(None, (call.created_at, call.granted_at, call.not_before)))
    return due + timedelta(seconds=run.start_within_s + _CLAIM_MARGIN_S) < now
