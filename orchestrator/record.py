"""A model's reply as rows: its turn and its tool calls."""

from decimal import Decimal

from sqlalchemy.orm import Session

from orchestrator.brief import Brief
from orchestrator.llm.model import TOKEN_COUNTS, ModelReply, Usage
from orchestrator.llm.reply import JudgedCall, Verdict
from orchestrator.store import events
from orchestrator.store import turns as store
from orchestrator.store.runs import Step
from orchestrator.tables import Run, ToolCall, Turn


def record(session: Session, run: Run, brief: Brief, reply: ModelReply, verdict: Verdict, latency_ms: int) -> list[ToolCall]:
    """Writes the reply of a locked run's model step; gives its calls. Those that must not run are answered at once."""
    step = brief.step
    calls = [_call(brief, index, judged) for index, judged in enumerate(verdict.calls)]
    told = {"finish_reason": reply.finish_reason, "tool_calls": len(calls)}
    events.add(session, run, "model_call.completed", told, turn=step.turn, attempt=step.attempt)
    store.record(session, _turn(step, reply, verdict, latency_ms), calls)
    for call, judged in zip(calls, verdict.calls, strict=True):
        if judged.answer is not None:
            store.answer(session, run, call, judged.answer)
    run.used_tool_calls += sum(judged.answer is None for judged in verdict.calls)
    _add_usage(run, reply.usage)
    _warn(session, run, reply)
    return calls


def _turn(step: Step, reply: ModelReply, verdict: Verdict, latency_ms: int) -> Turn:
    return Turn(
        run_id=step.run_id,
        turn=step.turn,
        content=verdict.content,
        refusal=verdict.refusal,
        finish_reason=reply.finish_reason,
        provider=reply.provider,
        raw=reply.raw,
        model=reply.model,
        request_id=reply.request_id,
        latency_ms=latency_ms,
        **reply.usage.model_dump(),
    )


def _call(brief: Brief, index: int, judged: JudgedCall) -> ToolCall:
    """The row of an open call, with what its tool was when the model saw it."""
    spec = brief.specs.get(judged.name) if judged.execute else None
    call = ToolCall(
        run_id=brief.step.run_id,
        turn=brief.step.turn,
        call_index=index,
        tool_call_id=judged.tool_call_id,
        provider_call_id=judged.provider_call_id,
        name=judged.name,
        arguments=judged.arguments,
        status="queued",
        execute=judged.execute,
        attempt=1,
        truncated=False,
    )
    if spec is not None:
        call.schema_hash = spec.schema_hash
        call.queue = spec.queue
        call.timeout_s = spec.timeout_s
        call.max_attempts = 1 + spec.retries
        call.idempotent = spec.idempotent
    return call


def _add_usage(run: Run, usage: Usage) -> None:
    for count in TOKEN_COUNTS:
        setattr(run, count, getattr(run, count) + getattr(usage, count))
    if usage.cost_usd is not None:
        run.cost_usd = (run.cost_usd or Decimal()) + usage.cost_usd


def _warn(session: Session, run: Run, reply: ModelReply) -> None:
    """Tells what was changed in the model call, each once in a run."""
    for warning in (each.model_dump(mode="json") for each in reply.warnings):
        told = run.warnings or []
        if warning not in told:
            run.warnings = [*told, warning]
            events.add(session, run, "run.warning", warning, turn=run.turn)
