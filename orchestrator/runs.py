"""Runs as their users know them: started, read, listed, cancelled. Each is one short transaction."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.orm import Session

from orchestrator import history, submission
from orchestrator.background import Background
from orchestrator.closer import Closer
from orchestrator.database import Database
from orchestrator.errors import NotFound, Unacceptable
from orchestrator.ids import new_run_id
from orchestrator.store import chain, closings, events, keys, tools, turns
from orchestrator.store import runs as store
from orchestrator.store.chain import Link
from orchestrator.tables import Run, RunEvent, ToolCall, ToolVersion, Turn
from tasks.failpoints import reach
from tasks.messages import CallOutcome, Outcome

_CANCELLED = CallOutcome.of_error(Outcome.CANCELLED, "cancelled", "The run was cancelled before this call was answered.")
_TOO_LATE = CallOutcome.of_error(Outcome.TIMED_OUT, "deadline", "Not answered before the run's deadline.")

#: Fields that came later. By default they are left out of the fingerprint.
_LATER: Final = {
    *("result_tools", "response_format", "previous_run_id", "max_tool_calls", "max_total_tokens", "max_cost_usd", "max_repairs", "stream")
}


class NewRun(BaseModel):
    """What is asked for, checked for its form at the door."""

    model_config = ConfigDict(frozen=True)

    messages: tuple[dict[str, JsonValue], ...]
    model: str
    tools: tuple[str, ...] | Literal["all"] = ()
    result_tools: tuple[dict[str, JsonValue], ...] = Field(default=(), description="Those of the tools that do not run, as ToolOffers.")
    response_format: dict[str, JsonValue] | None = None
    previous_run_id: str | None = None
    options: dict[str, JsonValue] = {}
    labels: dict[str, str] = {}
    max_turns: int
    max_parallel_tool_calls: int
    max_tool_calls: int | None = None
    max_total_tokens: int | None = None
    max_cost_usd: Decimal | None = None
    max_repairs: int = 1
    stream: bool = False
    deadline_s: float
    start_within_s: float | None = None
    turn_deadline_s: float | None = None
    fail_fast: bool = False
    idempotency_key: str | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same request, also from an API of before: while it is replaced, a client may send a request to both."""
        asked = self.model_dump(mode="json", exclude=_LATER | {"idempotency_key"})
        asked |= self.model_dump(mode="json", include=_LATER, exclude_defaults=True)
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class RunView:
    """A run with its turns and calls, read in one transaction."""

    run: Run
    turns: Sequence[Turn]
    calls: Sequence[ToolCall]
    #: The runs that it continues, the oldest first.
    before: Sequence[Link] = ()

    @property
    def messages(self) -> list[Mapping[str, JsonValue]]:
        """The whole transcript, as the model sees it."""
        return history.transcript([*self.before, Link(self.run, self.turns, self.calls)])


class Runs:
    """The service behind the API."""

    def __init__(self, database: Database, ring: Callable[[str], object], closer: Closer, tool_memory_s: float) -> None:
        """`ring` asks a coordinator to advance the run. Nobody waits for it, nor for the closer, since Redis may not answer:
        the watcher rings for runs that nobody has rung for, and closes what is left."""
        self._database = database
        self._ring = Background(ring)
        self._close = Background[tuple[str, int]](lambda turn: closer.close(*turn))
        self._tool_memory_s = tool_memory_s

    def close(self) -> None:
        """Ends what nobody waits for."""
        self._ring.close()
        self._close.close()

    def start(self, new: NewRun) -> str:
        """Accepts a run: it is committed before the doorbell is sent, and never lost afterwards. Gives its id, or that of
        the run which the same request with the same key has started before.

        Raises:
            Unacceptable: the model cannot be asked, a tool or the previous run is not known, an option does not fit the tools, or
                the key was used for something else.

        """
        run_id = new_run_id()
        with self._database.transaction() as session:
            earlier = _earlier(session, run_id, new)
            if earlier is not None:
                return earlier
            store.insert(session, self._row(session, run_id, new))
            reach("run.accepting")
        reach("run.accepted")
        self._ring(run_id)
        reach("run.rung")
        return run_id

    def read(self, run_id: str) -> RunView:
        """Raises NotFound."""
        with self._database.transaction() as session:
            run = _found(store.get(session, run_id), run_id)
            return RunView(run, turns.of_run(session, run_id), turns.calls_of_run(session, run_id), chain.before(session, run))

    def events(self, run_id: str, after: int, limit: int) -> list[RunEvent]:
        """What happened to the run beyond the event `after`, in order. Raises NotFound."""
        with self._database.transaction() as session:
            _found(store.glance(session, run_id), run_id)
            return events.of_run(session, run_id, after, limit)

    def latest_events(self, run_ids: Collection[str]) -> dict[str, int]:
        """The number of each run's newest event."""
        with self._database.transaction() as session:
            return events.latest(session, run_ids)

    def ended(self, run_ids: Collection[str]) -> list[str]:
        """Those of the runs that have ended."""
        with self._database.transaction() as session:
            return store.ended(session, run_ids)

    def page(self, limit: int, after: str | None, status: str | None, labels: Mapping[str, str]) -> list[Run]:
        """Runs from the newest on."""
        with self._database.transaction() as session:
            return store.page(session, limit, after, status, labels)

    def cancel(self, run_id: str) -> None:
        """Ends an open run: its open calls are answered `cancelled` and can no longer start, and a result that still
        comes is not taken. A run that has ended stays as it is.

        Raises:
            NotFound: there is no such run.

        """
        with self._database.transaction() as session:
            run = _found(store.lock(session, run_id), run_id)
            if run.status not in store.OPEN:
                return
            _answer_open(session, run, _CANCELLED)
            store.close(session, run, "cancelled")
            reach("run.cancelling")
        reach("run.cancelled")
        self._close((run.id, run.turn))

    def expire(self, run_id: str) -> None:
        """Ends a run whose deadline has passed. Whoever calls this sweeps the closings that it opens."""
        with self._database.transaction() as session:
            run = store.lock(session, run_id)
            if run is None or run.status not in store.OPEN or run.deadline_at > store.now(session):
                return
            end_late(session, run)
            reach("run.expiring")
        reach("run.expired")

    def tools(self) -> list[ToolVersion]:
        """The newest version of each tool that new runs may name."""
        with self._database.transaction() as session:
            return list(tools.newest(session, self._tool_memory_s).values())

    def live_tools(self) -> set[tuple[str, str]]:
        """Name and hash of each version that workers offer now."""
        with self._database.transaction() as session:
            return tools.live(session)

    def _row(self, session: Session, run_id: str, new: NewRun) -> Run:
        submission.check_model(session, new.model, new.max_cost_usd)
        submission.check_previous(session, new.previous_run_id)
        hashes = submission.hashes(session, new.tools, {str(tool["name"]) for tool in new.result_tools}, self._tool_memory_s)
        submission.check_options(new.options, hashes)
        return Run(
            id=run_id,
            status="queued",
            model=new.model,
            messages=list(new.messages),
            tools=hashes,
            result_tools=list(new.result_tools) or None,
            response_format=new.response_format,
            previous_run_id=new.previous_run_id,
            options=new.options,
            labels=new.labels,
            max_turns=new.max_turns,
            max_parallel_tool_calls=new.max_parallel_tool_calls,
            max_tool_calls=new.max_tool_calls,
            max_total_tokens=new.max_total_tokens,
            max_cost_usd=new.max_cost_usd,
            max_repairs=new.max_repairs,
            stream=new.stream,
            deadline_at=store.from_now(new.deadline_s),
            start_within_s=new.start_within_s,
            turn_deadline_s=new.turn_deadline_s,
            fail_fast=new.fail_fast,
        )


def end_late(session: Session, run: Run) -> None:
    """Ends a locked run that is past its deadline. Calls that were open for it are to be closed after the commit."""
    _answer_open(session, run, _TOO_LATE)
    store.close(session, run, "incomplete", "deadline")


def _answer_open(session: Session, run: Run, outcome: CallOutcome) -> None:
    if turns.answer_open(session, run, outcome):
        closings.open_for(session, run)


def _earlier(session: Session, run_id: str, new: NewRun) -> str | None:
    """The run that the request's key stands for already."""
    if new.idempotency_key is None:
        return None
    taken = keys.take(session, new.idempotency_key, new.fingerprint, run_id)
    if taken.fingerprint != new.fingerprint:
        raise Unacceptable("This key was used for another request. Choose a new one for each request.", "Idempotency-Key")
    return taken.run_id if taken.run_id != run_id else None


def _found(run: Run | None, run_id: str) -> Run:
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    return run
