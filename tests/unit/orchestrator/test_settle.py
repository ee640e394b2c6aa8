"""What a call without a recorded answer has come to."""

from datetime import UTC, datetime

from orchestrator.settle import Again, Waiting, settle
from orchestrator.tables import ToolCall
from tasks.grants import CallState
from tasks.messages import CallMessage, CallOutcome, Outcome, ToolResult

_NOTHING = CallState(result=None, leased=False, granted=False)
_DONE = CallOutcome(outcome=Outcome.SUCCEEDED, content="ok")


def _call(*, attempt: int = 1, max_attempts: int = 1, idempotent: bool = False, granted: bool = True) -> ToolCall:
    at = datetime.now(UTC) if granted else None
    return ToolCall(attempt=attempt, max_attempts=max_attempts, idempotent=idempotent, granted_at=at)


def _with_result(outcome: CallOutcome, attempt: int = 1) -> CallState:
    call = CallMessage(run_id="run_1", turn=1, index=0, attempt=attempt, tool="t")
    return CallState(ToolResult(call=call, result=outcome, worker="w", queue_wait_ms=0, run_ms=0), leased=False, granted=False)


def test_the_result_of_the_current_attempt_is_the_answer() -> None:
    """A result is taken as it is."""
    state = _with_result(_DONE)

    assert settle(_call(), state) == state.result


def test_a_result_of_another_attempt_is_not_looked_at() -> None:
    """An earlier attempt's result does not answer the call."""
    stale = _with_result(_DONE, attempt=1)

    assert settle(_call(attempt=2), stale._replace(leased=True)) is Waiting.RUNNING


def test_a_claimed_call_runs_and_a_granted_one_waits() -> None:
    """Lease and grant tell the two apart."""
    assert settle(_call(), _NOTHING._replace(leased=True)) is Waiting.RUNNING
    assert settle(_call(), _NOTHING._replace(granted=True)) is Waiting.GRANTED


def test_a_call_that_was_never_granted_may_be_sent_as_it_is() -> None:
    """Nothing can have started, so even a tool that must not run twice is sent."""
    assert settle(_call(granted=False), _NOTHING) is Waiting.UNSENT


def test_a_call_that_redis_remembers_as_granted_is_not_sent_as_it_is() -> None:
    """Whoever granted it died before noting it; a worker may have run it."""
    answer = settle(_call(granted=False), _NOTHING._replace(latest=1))

    assert isinstance(answer, CallOutcome)
    assert answer.outcome is Outcome.LOST


def test_a_vanished_call_is_lost() -> None:
    """Nobody can tell whether it ran, and the model is told so."""
    answer = settle(_call(max_attempts=3), _NOTHING)

    assert isinstance(answer, CallOutcome)
    assert answer.outcome is Outcome.LOST
    assert "may or may not" in answer.content


def test_a_vanished_idempotent_call_is_run_again_until_its_attempts_are_used() -> None:
    """Attempts are bounded, and what follows waits a little longer each time."""
    first = settle(_call(max_attempts=3, idempotent=True), _NOTHING)
    second = settle(_call(attempt=2, max_attempts=3, idempotent=True), _NOTHING)
    last = settle(_call(attempt=3, max_attempts=3, idempotent=True), _NOTHING)

    assert isinstance(first, Again)
    assert isinstance(second, Again)
    assert 0 < first.delay_s <= second.delay_s * 2
    assert isinstance(last, CallOutcome)


def test_a_tool_that_asks_for_it_is_run_again_after_its_wait() -> None:
    """RetryTool names the wait, and serves tools that are not idempotent too."""
    busy = _with_result(CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=7))

    assert settle(_call(max_attempts=2), busy) == Again(7, "retry_wanted")
    assert settle(_call(max_attempts=1), busy) == busy.result
