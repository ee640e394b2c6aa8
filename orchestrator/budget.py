"""What a run may spend: tool calls, tokens, money. Pure; whoever asks holds the run's lock, so that what is left is reserved
in the transaction that records what uses it."""

from typing import Final, Literal

from orchestrator.llm.reply import JudgedCall, Verdict
from orchestrator.tables import Run
from tasks.messages import CallOutcome, Outcome

_NO_CALLS_LEFT: Final = CallOutcome.of_error(
    Outcome.SKIPPED, "max_tool_calls", "Not run: the run has used all its tool calls. Answer with what is known."
)

Spent = Literal["max_total_tokens", "max_cost_usd"]


def admit(run: Run, verdict: Verdict) -> Verdict:
    """The verdict on a reply, with the calls beyond the run's tool calls answered `skipped`. Those that come first run."""
    left = calls_left(run)
    if left is None:
        return verdict
    calls: list[JudgedCall] = []
    for call in verdict.calls:
        if call.answer is None:
            left -= 1
        calls.append(call.model_copy(update={"answer": _NO_CALLS_LEFT}) if call.answer is None and left < 0 else call)
    return verdict.model_copy(update={"calls": tuple(calls)})


def calls_left(run: Run) -> int | None:
    """How many more tool calls may run; None for any number."""
    return None if run.max_tool_calls is None else run.max_tool_calls - run.used_tool_calls


def tokens_left(run: Run) -> int | None:
    """How many more tokens may be used; None for any number."""
    return None if run.max_total_tokens is None else run.max_total_tokens - run.total_tokens


def spent(run: Run) -> Spent | None:
    """What is used up, so that no other model call may be made."""
    tokens = tokens_left(run)
    if tokens is not None and tokens <= 0:
        return "max_total_tokens"
    if run.max_cost_usd is not None and run.cost_usd is not None and run.cost_usd >= run.max_cost_usd:
        return "max_cost_usd"
    return None
