"""The loop of a run: a model call, its reply recorded, its tool calls sent, their results gathered, the next model call."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import JsonValue
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from orchestrator import history, transcript
from orchestrator.database import Database
from orchestrator.dispatch import Batch, Dispatcher
from orchestrator.harvest import is_stalled
from orchestrator.llm.errors import ModelError
from orchestrator.llm.model import ChatModel, ModelReply, ModelRequest
from orchestrator.llm.reply import JudgedCall, Verdict, judge
from orchestrator.runs import end_late
from orchestrator.settle import Again, Waiting, settle
from orchestrator.steps import LEASE_S, StepLeases
from orchestrator.store import runs, tools
from orchestrator.store import turns as store
from orchestrator.store.runs import Step
from orchestrator.tables import Run, ToolCall, Turn
from orchestrator.transcript import IllegalTranscript
from tasks.failpoints import reach
from tasks.grants import CallState, Grants
from tasks.messages import CallMessage, CallOutcome, Grant, Outcome, ToolResult, ToolSpec
from tasks.names import CallKey

#: A model call is given no more time than the run has. One that fails so shortly before the deadline failed for it.
_DEADLINE_SLACK_S = 1.0

_TURNS_USED = CallOutcome.of_error(Outcome.SKIPPED, "max_turns", "Not run: the run has used all its turns.")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Brief:
    """All that a claimed model step needs, so that no transaction is open during the model call."""

    step: Step
    request: ModelRequest
    specs: Mapping[str, ToolSpec]
    taken_ids: frozenset[str]


#: What Redis knows of the turn's calls, each as its row was when Redis was asked.
Known = Mapping[tuple[int, int, datetime | None], CallState]


class Turns:
    """Drives runs. Every method is safe to run twice: a step is claimed by compare-and-set and written only by its
    claimant, and a call's answer is written only for its current attempt."""

    def __init__(
        self,
        database: Database,
        model: ChatModel,
        dispatcher: Dispatcher,
        grants: Grants,
        *,
        model_timeout_s: float,
        max_calls_per_turn: int,
        grace_s: float,
    ) -> None:
        self._database = database
        self._model = model
        self._dispatcher = dispatcher
        self._grants = grants
        self._model_timeout_s = model_timeout_s
        self._max_calls = max_calls_per_turn
        self._grace_s = grace_s
        self._leases = StepLeases(self._renew)

    def advance(self, run_id: str) -> None:
        """Makes the run's next model call, unless another does, and goes on until tools are awaited or the run ends."""
        self._follow(self._database.run(lambda session: self._claim(session, run_id)))

    def finish(self, run_id: str, turn: int, *, returned: bool) -> None:
        """Records the results of the turn's calls that have ended. When none is open, makes the next model call.
        `returned` says that every task of the turn's chord is back: a call still granted then has no message, and is
        sent again, as it is when none of the turn's calls has run for a while."""
        calls = self._database.run(lambda session: store.awaited(session, run_id, turn))
        if not calls:
            return
        states = self._grants.states([store.key(call) for call in calls])
        reach("turn.asked")
        known = {_version(call): state for call, state in zip(calls, states, strict=True)}
        work = self._database.run(lambda session: self._gather(session, run_id, turn, known, returned=returned))
        reach("turn.gathered")
        if isinstance(work, Brief):
            self._forget(run_id, turn, [store.key(call) for call in calls])
        self._follow(work)

    def _forget(self, run_id: str, turn: int, calls: Sequence[CallKey]) -> None:
        # They end by themselves, only later.
        with suppress(RedisError):
            self._grants.forget(run_id, turn, calls)

    def _renew(self, steps: Sequence[Step]) -> None:
        with self._database.transaction() as session:
            runs.renew(session, steps, LEASE_S)

    def _follow(self, work: Brief | Batch | None) -> None:
        while isinstance(work, Brief):
            work = self._take(work)
        if work is not None:
            self._send(work)

    def _send(self, batch: Batch) -> None:
        if self._dispatcher.calls(batch):
            sent = [(grant.call.index, grant.call.attempt) for grant in batch.grants]
            self._database.run(lambda session: store.granted(session, batch.run_id, batch.turn, sent))
            reach("calls.noted")

    def _claim(self, session: Session, run_id: str) -> Brief | None:
        step = runs.claim_step(session, run_id, LEASE_S)
        return self._brief(session, step) if step else None

    def _brief(self, session: Session, step: Step) -> Brief | None:
        """Reads what the model step needs; a run that is past its deadline ends here instead."""
        run = runs.get(session, step.run_id)
        if run is None:
            return None
        remaining_s = _remaining_s(session, run)
        if remaining_s <= 0:
            end_late(session, run)
            return None
        calls = store.calls_of_run(session, run.id)
        messages = history.transcript(run, store.of_run(session, run.id), calls)
        specs = tools.versions(session, run.tools)
        request = _request(run, messages, specs, min(self._model_timeout_s, remaining_s))
        return Brief(step, request, specs, transcript.call_ids(messages))

    def _take(self, brief: Brief) -> Brief | Batch | None:
        """One model call and its record, under the step's lease."""
        reach("step.claimed")
        with self._leases.holding(brief.step):
            started = time.monotonic()
            try:
                reply, verdict = self._ask(brief)
            except IllegalTranscript as error:
                self._fail(brief.step, {"code": "illegal_transcript", "message": str(error)})
                return None
            except ModelError as error:
                self._fail(brief.step, {"code": error.code, "message": error.message, "request_id": error.request_id})
                return None
            latency_ms = round((time.monotonic() - started) * 1000)
            reach("model.asked")
            try:
                work = self._database.run(lambda session: self._record(session, brief, reply, verdict, latency_ms))
            except (DataError, IntegrityError, ProgrammingError):
                # Asked again, the model would be paid again, for another reply that cannot be kept.
                _log.exception("reply_not_kept", run_id=brief.step.run_id, turn=brief.step.turn)
                self._fail(brief.step, {"code": "internal_error", "message": "The model's reply could not be kept.", "request_id": None})
                return None
        reach("reply.recorded")
        return work

    def _ask(self, brief: Brief) -> tuple[ModelReply, Verdict]:
        transcript.check(brief.request.messages)
        reply = self._model.complete(brief.request)
        return reply, judge(reply, brief.specs, brief.step.turn, brief.taken_ids, self._max_calls)

    def _record(self, session: Session, brief: Brief, reply: ModelReply, verdict: Verdict, latency_ms: int) -> Brief | Batch | None:
        """Writes the reply with its calls, unless the step is no longer ours, and says what comes next."""
        run = runs.lock(session, brief.step.run_id)
        if run is None or not _holds(run, brief.step):
            _log.info("stale_reply", run_id=brief.step.run_id, turn=brief.step.turn)
            return None
        calls = [_call(brief, index, call) for index, call in enumerate(verdict.calls)]
        store.record(session, _turn(brief.step, reply, verdict, latency_ms), calls)
        _add_usage(run, reply)
        if verdict.end is not None:
            runs.close(session, run, verdict.end.status, verdict.end.reason)
            return None
        if run.turn >= run.max_turns:
            store.answer_open(session, run, _TURNS_USED)
            runs.close(session, run, "incomplete", "max_turns")
            return None
        return self._await(session, run, calls)

    def _await(self, session: Session, run: Run, calls: Sequence[ToolCall]) -> Brief | Batch | None:
        """Waits for the turn's open calls; where none is open, the next model step follows at once."""
        work = [call for call in calls if call.status in store.OPEN]
        if not work:
            return self._brief(session, runs.next_step(session, run, LEASE_S))
        runs.await_tools(run)
        return _batch(session, run, [(call, 0.0) for call in work], is_whole=True)

    def _gather(self, session: Session, run_id: str, turn: int, known: Known, *, returned: bool) -> Brief | Batch | None:
        run = runs.lock(session, run_id)
        if run is None or not _awaits_tools(run, turn):
            return None
        calls = store.open_calls(session, run_id, turn)
        running = any(state.leased for state in known.values())
        now = runs.now(session)
        stalled = not running and (returned or is_stalled(calls, list(known.values()), now, self._grace_s))
        delays = [(call, delay_s) for call in calls if (delay_s := _settle(call, known, now, stalled=stalled)) is not None]
        session.flush()
        reach("turn.gathering")
        if delays:
            return _batch(session, run, delays, is_whole=stalled)
        if any(call.status in store.OPEN for call in calls):
            return None
        return self._brief(session, runs.next_step(session, run, LEASE_S))

    def _fail(self, step: Step, error: Mapping[str, JsonValue]) -> None:
        self._database.run(lambda session: _close_failed(session, step, error))


def _close_failed(session: Session, step: Step, error: Mapping[str, JsonValue]) -> None:
    run = runs.lock(session, step.run_id)
    if run is None or not _holds(run, step):
        return
    if _remaining_s(session, run) < _DEADLINE_SLACK_S:
        end_late(session, run)
    else:
        runs.close(session, run, "failed", error=error)


def _awaits_tools(run: Run, turn: int) -> bool:
    return run.status == "in_progress" and run.step == "tools" and run.turn == turn


def _holds(run: Run, step: Step) -> bool:
    at = (run.status, run.step, run.turn, run.step_attempt)
    return at == ("in_progress", "model", step.turn, step.attempt)


def _version(call: ToolCall) -> tuple[int, int, datetime | None]:
    """What Redis is asked about. A row that was granted or tried again since must be asked about anew."""
    return call.call_index, call.attempt, call.granted_at


def _settle(call: ToolCall, known: Known, now: datetime, *, stalled: bool) -> float | None:
    """Writes the call's answer if it has one. A number says that the call is to be sent, so many seconds from now."""
    state = known.get(_version(call))
    if state is None:
        return None
    match settle(call, state):
        case ToolResult() as result:
            store.answer_with(call, result)
        case CallOutcome() as outcome:
            store.answer(call, outcome)
        case Again(delay_s):
            store.again(call, now + timedelta(seconds=delay_s))
            return delay_s
        case Waiting.UNSENT:
            return 0.0
        case Waiting.GRANTED:
            early = call.not_before is not None and call.not_before > now
            return 0.0 if stalled and not early else None
        case Waiting.RUNNING:
            pass
    return None


def _remaining_s(session: Session, run: Run) -> float:
    return (run.deadline_at - runs.now(session)).total_seconds()


def _request(run: Run, messages: Sequence[Mapping[str, JsonValue]], specs: Mapping[str, ToolSpec], timeout_s: float) -> ModelRequest:
    options = dict(run.options)
    return ModelRequest(
        model=run.model,
        messages=tuple(messages),
        tools=tuple(specs[name] for name in run.tools if name in specs),
        tool_choice=_tool_choice(run, options.pop("tool_choice", None)),
        parallel_tool_calls=options.pop("parallel_tool_calls", None),  # pyright: ignore[reportArgumentType] - as above
        options=options,
        timeout_s=timeout_s,
    )


def _tool_choice(run: Run, choice: JsonValue) -> str | dict[str, JsonValue] | None:
    """A choice that forces a call holds for the first turn only; sent again, it would keep the model from ever answering."""
    if isinstance(choice, str | dict) and (run.turn == 1 or choice in ("auto", "none")):
        return choice
    return None


def _turn(step: Step, reply: ModelReply, verdict: Verdict, latency_ms: int) -> Turn:
    return Turn(
        run_id=step.run_id,
        turn=step.turn,
        content=verdict.content,
        refusal=verdict.refusal,
        finish_reason=reply.finish_reason,
        model=reply.model,
        request_id=reply.request_id,
        latency_ms=latency_ms,
        **reply.usage.model_dump(),
    )


def _call(brief: Brief, index: int, judged: JudgedCall) -> ToolCall:
    """The row of a call: open when it is to run, answered when the reply already decided that it must not."""
    spec = brief.specs.get(judged.name)
    call = ToolCall(
        run_id=brief.step.run_id,
        turn=brief.step.turn,
        call_index=index,
        tool_call_id=judged.tool_call_id,
        provider_call_id=judged.provider_call_id,
        name=judged.name,
        arguments=judged.arguments,
        status="queued",
        attempt=1,
        truncated=False,
    )
    if spec is not None:
        call.schema_hash = spec.schema_hash
        call.queue = spec.queue
        call.timeout_s = spec.timeout_s
        call.max_attempts = 1 + spec.retries
        call.idempotent = spec.idempotent
    if judged.answer is not None:
        store.answer(call, judged.answer)
    return call


def _add_usage(run: Run, reply: ModelReply) -> None:
    run.prompt_tokens += reply.usage.prompt_tokens
    run.completion_tokens += reply.usage.completion_tokens
    run.total_tokens += reply.usage.total_tokens


def _batch(session: Session, run: Run, calls: Sequence[tuple[ToolCall, float]], *, is_whole: bool) -> Batch:
    remaining_s = _remaining_s(session, run)
    grants = tuple(_grant(call, delay_s, remaining_s) for call, delay_s in calls)
    return Batch(run.id, run.turn, grants, run.max_parallel_tool_calls, remaining_s, is_whole)


def _grant(call: ToolCall, delay_s: float, remaining_s: float) -> Grant:
    if call.queue is None or call.timeout_s is None or call.schema_hash is None:
        raise ValueError(f"call {store.key(call)} is open but its tool is not known")
    return Grant(
        call=CallMessage(run_id=call.run_id, turn=call.turn, index=call.call_index, attempt=call.attempt, tool=call.name),
        queue=call.queue,
        schema_hash=call.schema_hash,
        arguments=call.arguments,
        timeout_s=call.timeout_s,
        deadline_s=remaining_s,
        delay_s=delay_s,
    )
