"""What a call that has no recorded answer has come to, from its row and from what Redis knows. Pure."""

import random
from enum import Enum
from typing import Final, NamedTuple

from orchestrator.tables import ToolCall
from tasks.grants import CallState
from tasks.messages import CallOutcome, Outcome, ToolResult

#: Longer than any run, and short enough for every clock.
_LONGEST_WAIT_S: Final = 6 * 3600.0

_LOST = CallOutcome.of_error(
    Outcome.LOST, "outcome_unknown", "The worker was lost while this call ran. It may or may not have taken effect."
)


class Waiting(Enum):
    """Why a call has no answer yet."""

    RUNNING = "a worker holds its lease"
    GRANTED = "not claimed yet"
    UNSENT = "never granted: the same attempt may be sent"


class Again(NamedTuple):
    """The attempt ended without an answer and the call has another, after a wait."""

    delay_s: float
    #: Why the attempt before it gave no answer: a code of an outcome.
    reason: str


def settle(call: ToolCall, state: CallState) -> ToolResult | CallOutcome | Waiting | Again:
    """The call's answer, or why it has none. Results of other attempts than the row's are not looked at."""
    result = state.result
    if result is not None and result.call.attempt == call.attempt:
        return _again(call, result.result) or result
    if state.leased:
        return Waiting.RUNNING
    if state.granted:
        return Waiting.GRANTED
    # Whoever granted it may not have lived to note it, and Redis may have been emptied since it was to be granted.
    if call.granted_at is None and state.latest < call.attempt and call.epoch in (None, state.epoch):
        return Waiting.UNSENT
    # Claimed by a worker that is gone, or swept away with all of Redis: nobody can tell whether it ran.
    return _again(call, _LOST) or _LOST


def _again(call: ToolCall, outcome: CallOutcome) -> Again | None:
    wanted = outcome.retry_in_s is not None or (outcome.outcome is Outcome.LOST and call.idempotent)
    if not wanted or call.attempt >= call.max_attempts:
        return None
    reason = outcome.error.code if outcome.error else outcome.outcome
    return Again(min(_LONGEST_WAIT_S, outcome.retry_in_s or _backoff_s(call.attempt)), reason)


def _backoff_s(attempt: int) -> float:
    """Doubles from half a second to half a minute, with jitter so that siblings do not come back together."""
    return min(30.0, 0.5 * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
