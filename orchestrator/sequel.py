"""What comes after a model's reply: the run's end, or another model call with or without tools before it. Pure."""

from typing import Final, Literal, NamedTuple

from orchestrator import answer, budget
from orchestrator.llm.model import ResponseFormat
from orchestrator.llm.reply import JudgedCall, Reason, Verdict
from orchestrator.tables import Run
from tasks.messages import CallOutcome, Outcome

#: How a call is answered that nobody will read the result of.
_UNREAD: Final = {
    "max_turns": CallOutcome.of_error(Outcome.SKIPPED, "max_turns", "Not run: the run has used all its turns."),
    "max_total_tokens": CallOutcome.of_error(Outcome.SKIPPED, "max_total_tokens", "Not run: the run has used all its tokens."),
    "max_cost_usd": CallOutcome.of_error(Outcome.SKIPPED, "max_cost_usd", "Not run: the run may not cost more."),
}
#: Calls that were stopped for this are no fault of the model's.
_NO_CALLS_LEFT: Final = "max_tool_calls"

Fault = Literal["invalid_tool_calls", "invalid_output"]


class End(NamedTuple):
    """The run ends."""

    status: Literal["completed", "incomplete"]
    reason: Reason | Fault | budget.Spent | Literal["max_turns"] | None = None

    @property
    def skipped(self) -> CallOutcome | None:
        """The answer of calls that are open."""
        return _UNREAD.get(self.reason or "")


class Repair(NamedTuple):
    """The model is asked again because its reply is not valid. `feedback` is what it is told beside its tool messages."""

    feedback: str | None


class _Faulty(NamedTuple):
    reason: Fault
    feedback: str | None


def after(run: Run, verdict: Verdict, form: ResponseFormat | None, *, has_results: bool) -> End | Repair | None:
    """What follows the reply of a locked run, once its tokens are counted. None: its tools are awaited, if any are open.
    `has_results`: calls may be the result."""
    if verdict.end is not None and verdict.end.status == "incomplete":
        return End("incomplete", _cut_off(run, verdict.end.reason))
    faulty = _faulty_answer(verdict, form) if not verdict.calls else _faulty_calls(verdict, has_results=has_results)
    if faulty is None and verdict.end is not None:
        return End("completed")
    if faulty is not None and run.repairs >= run.max_repairs:
        return End("incomplete", faulty.reason)
    if run.turn >= run.max_turns:
        return End("incomplete", "max_turns")
    if used_up := budget.spent(run):
        return End("incomplete", used_up)
    return Repair(faulty.feedback) if faulty else None


def _cut_off(run: Run, reason: Reason | None) -> Reason | budget.Spent | None:
    """A model call is given no more tokens than the run has."""
    return (budget.spent(run) or reason) if reason == "max_output_tokens" else reason


def _faulty_answer(verdict: Verdict, form: ResponseFormat | None) -> _Faulty | None:
    if form is None:
        return None
    try:
        answer.parse(verdict.content or "", form.answer_schema)
    except answer.InvalidAnswer as error:
        return _Faulty("invalid_output", str(error))
    return None


def _faulty_calls(verdict: Verdict, *, has_results: bool) -> _Faulty | None:
    """Where a tool runs, its result leads on to the model, which then reads of the other calls, too."""
    if not has_results or any(call.answer is None for call in verdict.calls) or not any(map(_is_faulty, verdict.calls)):
        return None
    return _Faulty("invalid_tool_calls", None)


def _is_faulty(call: JudgedCall) -> bool:
    error = call.answer.error if call.answer else None
    return error is not None and error.code != _NO_CALLS_LEFT
