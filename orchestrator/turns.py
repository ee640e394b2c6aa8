"""The loop of a run: a model call, its reply recorded, its tool calls sent, their results gathered, the next model call."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

import structlog
from pydantic import JsonValue
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from orchestrator import budget, join, sequel
from orchestrator.batch import batch
from orchestrator.brief import Brief, read
from orchestrator.closer import Closer
from orchestrator.database import Database
from orchestrator.dispatch import Batch, Dispatcher
from orchestrator.gather import NOTHING, Gathered, Known, epoch_of, gather, known
from orchestrator.harvest import unpublished
from orchestrator.llm.errors import ModelError
from orchestrator.llm.model import SILENCE, ChatModel, Listener, ModelReply
from orchestrator.llm.reply import Verdict, judge
from orchestrator.record import record
from orchestrator.runs import end_late
from orchestrator.steps import LEASE_S, Held, Released, StepLeases
from orchestrator.store import runs
from orchestrator.store import turns as store
from orchestrator.store.runs import Step
from orchestrator.tables import Run, ToolCall
from orchestrator.transcript import IllegalTranscript
from tasks.failpoints import reach
from tasks.grants import Grants
from tasks.names import CallKey

#: A model call is given no more time than the run has. One that fails so shortly before the deadline failed for it.
_DEADLINE_SLACK_S = 1.0

_log = structlog.get_logger(__name__)


class Turns:
    """Drives runs. Every method is safe to run twice: a step is claimed by compare-and-set and written only by its
    claimant, and a call's answer is written only for its current attempt."""

    def __init__(  # noqa: PLR0913 - the composition root hands over what it built
        self,
        database: Database,
        model: ChatModel,
        dispatcher: Dispatcher,
        grants: Grants,
        closer: Closer,
        *,
        listener: Callable[[Step], Listener] = lambda _: SILENCE,
        model_timeout_s: float,
        max_calls_per_turn: int,
    ) -> None:
        """`listener` hears the answer to a step's model call while it is written, where the run is streamed."""
        self._database = database
        self._model = model
        self._dispatcher = dispatcher
        self._grants = grants
        self._closer = closer
        self._listener = listener
        self._model_timeout_s = model_timeout_s
        self._max_calls = max_calls_per_turn
        self._leases = StepLeases(self._renew, self._give_back)

    def advance(self, run_id: str) -> None:
        """Makes the run's next model call, unless another does, and goes on until tools are awaited or the run ends."""
        reach("step.rung")
        self._follow(self._database.run(lambda session: self._claim(session, run_id)))

    def finish(self, run_id: str, turn: int, *, returned: bool) -> None:
        """Records the results of the turn's calls that have ended. When none is open, makes the next model call.
        `returned` says that every task of the turn's chord is back, or lost: a call still granted then has no message,
        and is sent again."""
        reach("turn.rung")
        calls = self._database.run(lambda session: store.awaited(session, run_id, turn))
        if not calls:
            return
        states = self._grants.states([store.key(call) for call in calls])
        reach("turn.asked")
        lost = unpublished(self._grants, run_id, turn, calls, states) if returned else ()
        seen = known(calls, states)
        work, found = self._database.run(lambda session: self._gather(session, run_id, turn, seen, lost))
        reach("turn.gathered")
        if found.dropped:
            self._closer.close(run_id, turn)
        # With Redis away they end by themselves, only later.
        with suppress(RedisError):
            self._grants.forget(found.recorded)
            reach("turn.forgotten")
        self._follow(work)

    def _renew(self, steps: Sequence[Step]) -> None:
        with self._database.reserved() as session:
            runs.renew(session, steps, LEASE_S)
        reach("step.renewed")

    def release(self) -> None:
        """Gives back the model steps that are under way, so that another coordinator claims them at once."""
        self._leases.release()

    def _give_back(self, steps: Sequence[Step]) -> None:
        with self._database.transaction() as session:
            runs.release(session, steps)
            reach("step.returning")
        reach("step.returned")
        for step in steps:
            self._dispatcher.advance(step.run_id)

    def _follow(self, work: Brief | Batch | None) -> None:
        while isinstance(work, Brief):
            work = self._take(work)
        if work is not None:
            self._send(work)

    def _send(self, batch: Batch) -> None:
        if batch.epoch is None:
            # What is sent in no known epoch could be sent twice. The watcher finds it.
            return
        if self._dispatcher.calls(batch):
            sent = [(grant.call.index, grant.call.attempt) for grant in batch.grants]
            self._database.run(lambda session: _note(session, batch, sent))
            reach("calls.noted")

    def _claim(self, session: Session, run_id: str) -> Brief | None:
        step = runs.claim_step(session, run_id, LEASE_S)
        if step is None:
            return None
        reach("step.claiming")
        return self._brief(session, step)

    def _brief(self, session: Session, step: Step) -> Brief | None:
        return read(session, step, self._model_timeout_s)

    def _take(self, brief: Brief) -> Brief | Batch | None:
        """One model call and its record, under the step's lease."""
        reach("step.claimed")
        with self._leases.holding(brief.step) as held:
            started = time.monotonic()
            try:
                reply, verdict = self._ask(brief, held)
            except Released:
                return None
            except IllegalTranscript as error:
                self._fail(brief.step, {"code": "illegal_transcript", "message": str(error)})
                return None
            except ModelError as error:
                self._fail(brief.step, _told(error))
                return None
            except Exception:  # noqa: BLE001 - whatever it was would happen again
                self._give_up(brief.step)
                return None
            latency_ms = round((time.monotonic() - started) * 1000)
            reach("model.asked")
            epoch = self._epoch() if verdict.calls else None
            try:
                work = self._database.run(lambda session: self._record(session, brief, reply, verdict, latency_ms, epoch))
            except (DataError, IntegrityError, ProgrammingError, UnicodeError):
                self._give_up(brief.step)
                return None
        reach("reply.recorded")
        return work

    def _ask(self, brief: Brief, held: Held) -> tuple[ModelReply, Verdict]:
        listener = self._listener(brief.step) if brief.request.stream else SILENCE
        reply = held.ask(lambda: self._model.complete(brief.request, listener))
        return reply, judge(reply, brief.specs, brief.step.turn, brief.taken_ids, self._max_calls, brief.results)

    def _epoch(self) -> str | None:
        # With Redis away nothing is granted yet.
        with suppress(RedisError):
            return self._grants.epoch()

    def _record(
        self, session: Session, brief: Brief, reply: ModelReply, verdict: Verdict, latency_ms: int, epoch: str | None
    ) -> Brief | Batch | None:
        """Writes the reply with its calls, unless the step is no longer ours, and says what comes next."""
        run = runs.lock(session, brief.step.run_id)
        if run is None or not _holds(run, brief.step):
            _log.info("stale_reply", run_id=brief.step.run_id, turn=brief.step.turn)
            return None
        verdict = budget.admit(run, verdict)
        calls = record(session, run, brief, reply, verdict, latency_ms)
        reach("reply.recording")
        match sequel.after(run, verdict, brief.request.response_format, has_results=bool(brief.results)):
            case sequel.End() as end:
                if end.skipped is not None:
                    store.answer_open(session, run, end.skipped)
                runs.close(session, run, end.status, end.reason)
                return None
            case sequel.Repair(feedback):
                store.repair(session, run, feedback)
            case None:
                pass
        return self._await(session, run, calls, epoch)

    def _await(self, session: Session, run: Run, calls: Sequence[ToolCall], epoch: str | None) -> Brief | Batch | None:
        """Waits for the turn's open calls; where none is open, the next model step follows at once."""
        if outcome := join.cut(run, calls, runs.now(session)):
            store.answer_open(session, run, outcome)
        work = [(call, 0.0) for call in calls if call.status in store.OPEN]
        if not work:
            return self._brief(session, runs.next_step(session, run, LEASE_S))
        runs.await_tools(session, run)
        return batch(session, run, work, epoch, is_whole=True)

    def _gather(
        self, session: Session, run_id: str, turn: int, states: Known, lost: Collection[CallKey]
    ) -> tuple[Brief | Batch | None, Gathered]:
        """What comes next, and what the turn has come to."""
        run = runs.lock(session, run_id)
        if run is None or not _awaits_tools(run, turn):
            return None, NOTHING
        found = gather(session, run, states, lost)
        reach("turn.gathering")
        if found.is_over:
            return self._brief(session, runs.next_step(session, run, LEASE_S)), found
        if found.unsent:
            return batch(session, run, found.unsent, epoch_of(states), is_whole=found.is_whole), found
        return None, found

    def _give_up(self, step: Step) -> None:
        """For a reply that cannot be read or kept: asked again, the model would be paid again, for another such reply."""
        _log.exception("reply_not_kept", run_id=step.run_id, turn=step.turn)
        self._fail(step, {"code": "internal_error", "message": "The model's reply could not be kept.", "request_id": None})

    def _fail(self, step: Step, error: Mapping[str, JsonValue]) -> None:
        self._database.run(lambda session: _close_failed(session, step, error))


def _told(error: ModelError) -> dict[str, JsonValue]:
    return {"code": error.code, "message": error.message, "provider": error.provider, "request_id": error.request_id}


def _note(session: Session, batch: Batch, sent: Sequence[tuple[int, int]]) -> None:
    store.granted(session, batch.run_id, batch.turn, sent)
    reach("calls.noting")


def _close_failed(session: Session, step: Step, error: Mapping[str, JsonValue]) -> None:
    run = runs.lock(session, step.run_id)
    if run is None or not _holds(run, step):
        return
    if runs.remaining_s(session, run) < _DEADLINE_SLACK_S:
        end_late(session, run)
    else:
        runs.close(session, run, "failed", error=error)


def _awaits_tools(run: Run, turn: int) -> bool:
    return run.status == "in_progress" and run.step == "tools" and run.turn == turn


def _holds(run: Run, step: Step) -> bool:
    at = (run.status, run.step, run.turn, run.step_attempt)
    return at == ("in_progress", "model", step.turn, step.attempt)
