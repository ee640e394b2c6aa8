"""Why a run has no answer, in words for people."""

from orchestrator.schemas.run import RunError, RunObject


def reason(run: RunObject) -> str:
    """Without a full stop; empty where there is nothing to say."""
    if run.error:
        return _failure(run.error)
    if run.incomplete_details:
        code = run.incomplete_details.reason
        words = _shortfall(run, code)
        return f"{words} ({code})" if words else code
    return ""


def _failure(error: RunError) -> str:
    """The message, with what a provider's support asks for."""
    known = (error.provider, error.code, error.request_id and f"request {error.request_id}")
    return f"{error.message.rstrip('.')} ({', '.join(filter(None, known))})"


def _shortfall(run: RunObject, code: str) -> str | None:
    """What the run fell short by, and what helps. None for a reason of a newer service."""
    repairs = f"{run.repairs} repair{'' if run.repairs == 1 else 's'}"
    held = "; `output` holds it" if run.output is not None else ""
    return {
        "content_filter": "the provider's content filter stopped the answer; ask in other words, or another model",
        "deadline": "its deadline passed; a greater `deadline_s` gives it more time",
        "invalid_output": f"the answer did not fit after {repairs}{held}; a greater `max_repairs` lets the model try again",
        "invalid_tool_calls": f"calls were not valid after {repairs}; `tool_calls` holds them, each with its error",
        "max_cost_usd": f"its model calls have cost `max_cost_usd` {run.max_cost_usd}",
        "max_output_tokens": f"the answer was cut off at the token limit{held}; a greater `max_completion_tokens` lets it be longer",
        "max_total_tokens": f"its model calls have used {run.usage.total_tokens} tokens of `max_total_tokens` {run.max_total_tokens}",
        "max_turns": f"the model still asked for tools in the last of its {run.max_turns} turns; a greater `max_turns` lets it go on",
        "refusal": "the model refused to answer; ask in other words, or another model",
    }.get(code)
