"""Invariants of cancelled runs: nothing begins, nothing goes on, nothing is recorded."""

from collections.abc import Iterator

from orchestrator.schemas.run import ToolCallObject
from tests.acceptance.ledger import Execution
from tests.faults.checker.finding import Finding, found
from tests.faults.checker.view import View
from tests.faults.history import ClientOp


def cancelled_runs_start_nothing(view: View) -> Iterator[Finding]:
    """I12: once a cancel has returned no tool of the run begins, but for one that was just being claimed."""
    for _, cancel, execution in _after_cancels(view):
        began_at = execution.began.at
        if began_at > cancel.returned_at + view.rules.claim_race_s and not _blinded(view, cancel.sent_at, began_at):
            yield found(f"A tool began {began_at - cancel.returned_at:.1f} s after the run was cancelled.", cancel, execution)


def cancelled_tools_are_stopped(view: View) -> Iterator[Finding]:
    """I12: a running tool of a cancelled run ends within the bound. One without an end was killed."""
    bound_s = view.rules.cancel_s + view.rules.cancel_slack_s
    for _, cancel, execution in _after_cancels(view):
        began, ended = execution
        # One that began late is another violation.
        if began.at > cancel.returned_at or ended is None or ended.at <= cancel.returned_at + bound_s:
            continue
        if not _blinded(view, cancel.sent_at, cancel.returned_at + bound_s):
            yield found(f"A tool went on for {ended.at - cancel.returned_at:.1f} s after the run was cancelled.", cancel, execution)


def late_results_are_recorded_nowhere(view: View) -> Iterator[Finding]:
    """I12: a call whose tool ended after the cancel had returned is not answered with its value."""
    for call, cancel, execution in _after_cancels(view):
        late = execution.ended is not None and execution.ended.at > cancel.returned_at + view.rules.slack_s
        if late and call.status == "succeeded" and call.attempt == execution.began.attempt:
            yield found("A result that came after the cancel was recorded.", cancel, execution, call)


def _after_cancels(view: View) -> Iterator[tuple[ToolCallObject, ClientOp, Execution]]:
    """The executions of each cancelled run, with the first cancel that returned."""
    for run in view.history.runs:
        cancels = [op for op in view.ops.get(run.id, ()) if op.op == "cancel" and op.outcome == "ok"]
        if run.status != "cancelled" or not cancels:
            continue
        cancel = min(cancels, key=lambda op: op.returned_at)
        for call in run.tool_calls:
            for execution in view.executions_of(call):
                yield call, cancel, execution


def _blinded(view: View, since: float, until: float) -> bool:
    """Whether workers could not hear of a cancel in this time: how soon they do is promised of a healthy system."""
    for fault in view.history.faults:
        over_at = (fault.ended_at or fault.began_at) + view.rules.blinded_s
        named = any(word in f"{fault.kind} {fault.target}" for word in view.rules.blinding)
        if named and fault.began_at < until and over_at > since:
            return True
    return False
