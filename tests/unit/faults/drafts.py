"""Histories in the making: a clean one of a few runs, for tests to break."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, JsonValue

from orchestrator import chat
from orchestrator.llm.model import Usage
from orchestrator.messages import AssistantMessage, ToolMessage
from orchestrator.schemas.run import RunObject, ToolCallObject, TurnObject
from tasks.messages import Outcome
from tests.acceptance.ledger import Execution, Line
from tests.faults.history import Campaign, ClientOp, Effect, Event, Fault, History, Leftovers, ModelRequest

#: The monotonic clock of these histories began here.
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
USAGE = Usage(prompt_tokens=10, completion_tokens=2, total_tokens=12)

_Record = TypeVar("_Record", bound=BaseModel)


class Planned(NamedTuple):
    """A call to be made, the last of whose attempts is answered; the others are killed."""

    tool: str
    attempts: int = 1


def wall(at: float) -> datetime:
    """What a clock on the wall shows."""
    return EPOCH + timedelta(seconds=at)


@dataclass
class Draft:
    """A history whose logs are lists."""

    ops: list[ClientOp] = field(default_factory=list[ClientOp])
    executions: list[Execution] = field(default_factory=list[Execution])
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])
    faults: list[Fault] = field(default_factory=list[Fault])
    effects: list[Effect] = field(default_factory=list[Effect])
    runs: list[RunObject] = field(default_factory=list[RunObject])
    events: list[Event] = field(default_factory=list[Event])
    counters: dict[str, int] = field(default_factory=dict[str, int])
    leftovers: Leftovers | None = None

    def history(self) -> History:
        campaign = Campaign(
            seed=1,
            began_at=0,
            healed_at=max((fault.ended_at or fault.began_at for fault in self.faults), default=0),
            ended_at=100_000,
            wall_offset_s=EPOCH.timestamp(),
            idempotent_tools=frozenset({"linger", "pay"}),
            bank_tools=frozenset({"pay"}),
        )
        return History.model_construct(campaign=campaign, **vars(self))

    def event(
        self, run: str, at: float, kind: str, *, place: tuple[int, int] | None = None, attempt: int | None = None, **data: Any
    ) -> None:
        """Appends to a run's events. A place is a turn and a call's index, or -1 for the turn itself."""
        turn, index = place or (None, -1)
        seq = 1 + sum(event.run_id == run for event in self.events[-100:])
        index = None if index < 0 else index
        self.events.append(Event(run_id=run, seq=seq, at=wall(at), type=kind, turn=turn, index=index, attempt=attempt, data=data))

    def renumber(self) -> None:
        """Closes the gaps that were made in the events."""
        seqs: dict[str, int] = {}
        for place, event in enumerate(self.events):
            seqs[event.run_id] = seqs.get(event.run_id, 0) + 1
            self.events[place] = event.model_copy(update={"seq": seqs[event.run_id]})

    def edit_run(self, number: int, **fields: Any) -> None:
        self.runs[number] = self.runs[number].model_copy(update=fields)

    def edit_call(self, number: int, index: int, **fields: Any) -> None:
        calls = self.runs[number].tool_calls
        self.edit_run(number, tool_calls=changed(calls, lambda call: call is calls[index], **fields))

    def edit_message(self, number: int, place: int, **fields: JsonValue) -> None:
        messages = list(self.runs[number].messages)
        messages[place] = {**messages[place], **fields}
        self.edit_run(number, messages=messages)

    def edit_began(self, place: int, **fields: Any) -> None:
        began, ended = self.executions[place]
        self.executions[place] = Execution(began.model_copy(update=fields), ended)


def changed(records: Sequence[_Record], which: Callable[[_Record], bool], **fields: Any) -> list[_Record]:
    """The records, with fields of some of them changed."""
    return [record.model_copy(update=fields) if which(record) else record for record in records]


def clean() -> Draft:
    """A campaign in which all went well: a completed run with a call tried again, one cancelled, one of plain words."""
    draft = Draft(counters={"stale_result": 1, "replay": 1}, leftovers=Leftovers())
    completed(draft, 0, [Planned("linger", 2), Planned("nap"), Planned("pay", 2)])
    cancelled(draft, 1)
    completed(draft, 2, [])
    draft.ops.append(_op(0, "start", 0.3, run="run_0", status="in_progress"))
    draft.faults.append(
        Fault(
            kind="kill_worker", target="worker-io", began_at=2.0, runs_in_flight=1, calls_in_flight=3, recovered_s=3.0, run_ids=("run_0",)
        )
    )
    return draft


def completed(draft: Draft, number: int, plans: Sequence[Planned]) -> None:
    """Adds a run that makes these calls in its first turn and answers in its second."""
    run, at = f"run_{number}", number * 100.0
    said: list[dict[str, JsonValue]] = [{"role": "user", "content": "Go on."}]
    calls: list[ToolCallObject] = []
    draft.ops.append(_op(number, "start", at, run=run, status="queued"))
    draft.event(run, at, "run.queued")
    if plans:
        _ask(draft, run, 1, at + 0.2, said, tool_calls=len(plans))
        calls = [_executed(draft, run, index, at + 1, plan) for index, plan in enumerate(plans)]
        said += _said(calls)
    last = 2 if plans else 1
    _ask(draft, run, last, at + 9, said, tool_calls=0)
    said.append(chat.as_chat(AssistantMessage(content="Done.")))
    draft.event(run, at + 9.6, "run.completed")
    draft.ops.append(_op(number, "read", at + 10, run=run, status="completed"))
    turns = [_turn(turn, at + turn) for turn in range(1, last + 1)]
    draft.runs.append(_run(number, "completed", said, turns, calls))


def cancelled(draft: Draft, number: int) -> None:
    """Adds a run that is cancelled while its only call runs."""
    run, at = f"run_{number}", number * 100.0
    said: list[dict[str, JsonValue]] = [{"role": "user", "content": "Go on."}]
    draft.ops.append(_op(number, "start", at, run=run, status="queued"))
    draft.event(run, at, "run.queued")
    _ask(draft, run, 1, at + 0.2, said, tool_calls=1)
    call = _call(run, 0, "nap", 1, "cancelled", '{"error":{"code":"cancelled","message":"Cancelled."}}')
    draft.executions.append(_execution(call, 1, at + 1, at + 4))
    draft.event(run, at + 1, "tool_call.started", place=(1, 0), attempt=1, worker="w")
    draft.event(run, at + 3, "tool_call.completed", place=(1, 0), attempt=1, outcome="cancelled")
    draft.event(run, at + 3, "run.cancelled")
    draft.ops.append(_op(number, "cancel", at + 3, run=run, status="cancelled"))
    said += _said([call])
    draft.runs.append(_run(number, "cancelled", said, [_turn(1, at + 1)], [call]))


def _said(calls: Sequence[ToolCallObject]) -> list[dict[str, JsonValue]]:
    """The calls and their answers."""
    asked = AssistantMessage(calls=tuple(chat.call(call.tool_call_id, call.name, call.arguments) for call in calls))
    answers = [ToolMessage(tool_call_id=call.tool_call_id, content=call.content or "") for call in calls]
    return [chat.as_chat(message) for message in (asked, *answers)]


def _ask(draft: Draft, run: str, turn: int, at: float, said: Sequence[dict[str, JsonValue]], *, tool_calls: int) -> None:
    """One model call and its reply."""
    draft.event(run, at, "model_call.started", place=(turn, -1), attempt=turn)
    draft.requests.append(ModelRequest(at=at + 0.1, script=run.replace("run", "script"), messages=tuple(said)))
    draft.event(run, at + 0.5, "model_call.completed", place=(turn, -1), attempt=turn, tool_calls=tool_calls)


def _executed(draft: Draft, run: str, index: int, at: float, plan: Planned) -> ToolCallObject:
    """The answered call, with all that its attempts leave behind."""
    value = json.dumps({"call": f"{run}.1.{index}", "attempt": plan.attempts})
    call = _call(run, index, plan.tool, plan.attempts, "succeeded", value)
    for attempt in range(1, plan.attempts + 1):
        begins = at + 2 * (attempt - 1)
        if attempt > 1:
            draft.event(run, begins - 0.1, "tool_call.queued", place=(1, index), attempt=attempt, reason="lost", delay_s=0)
        draft.event(run, begins, "tool_call.started", place=(1, index), attempt=attempt, worker="w")
        draft.executions.append(_execution(call, attempt, begins, begins + 1 if attempt == plan.attempts else None))
        if plan.tool == "pay":
            draft.effects.append(Effect(at=begins + 0.5, key=call.id, call_id=call.id, attempt=attempt, applied=attempt == 1))
    draft.event(run, at + 2 * plan.attempts, "tool_call.completed", place=(1, index), attempt=plan.attempts, outcome="succeeded")
    return call


def _op(number: int, op: Any, at: float, *, run: str, status: str) -> ClientOp:
    key = f"key_{number}" if op == "start" else None
    same: dict[str, Any] = {"client": number, "op": op, "key": key, "body": key and "hash", "sent_at": at, "returned_at": at + 0.1}
    return ClientOp(**same, outcome="ok", http_status=200, run_id=run, run_status=status)


def _execution(call: ToolCallObject, attempt: int, began_at: float, ended_at: float | None) -> Execution:
    def line(kind: Any, at: float) -> Line:
        same: dict[str, Any] = {"call_id": call.id, "idempotency_key": call.id, "tool": call.name, "arguments": json.loads(call.arguments)}
        return Line(kind=kind, execution=f"{call.id}/{attempt}", attempt=attempt, pid=7, at=at, **same)

    return Execution(line("began", began_at), None if ended_at is None else line("ended", ended_at))


def _call(run: str, index: int, tool: str, attempt: int, status: Any, content: str) -> ToolCallObject:
    blank = _blank(ToolCallObject)
    return ToolCallObject.model_validate(
        blank
        | {"id": f"{run}.1.{index}", "turn": 1, "index": index, "tool_call_id": f"call_1_{index}", "name": tool}
        | {"arguments": json.dumps({"label": f"{run}/{index}"}), "status": status, "outcome": Outcome(status), "attempt": attempt}
        | {"max_attempts": 3, "created_at": EPOCH, "truncated": False, "content": content}
    )


def _blank(kind: type[BaseModel]) -> dict[str, Any]:
    """Nothing for each field that must be told."""
    return {name: None for name, field in kind.model_fields.items() if field.is_required()}


def _turn(turn: int, at: float) -> TurnObject:
    return TurnObject(turn=turn, model="m", finish_reason="stop", request_id=None, latency_ms=500, usage=USAGE, finished_at=wall(at))


def _run(number: int, status: Any, said: Sequence[Any], turns: Sequence[TurnObject], calls: Sequence[ToolCallObject]) -> RunObject:
    blank = _blank(RunObject)
    at = number * 100.0
    return RunObject.model_validate(
        blank
        | {"object": "run", "id": f"run_{number}", "status": status, "model": f"script_{number}", "created_at": wall(at), "tools": []}
        | {"finished_at": wall(at + 9.6), "deadline_at": wall(at + 600), "max_turns": 10, "max_parallel_tool_calls": 8, "metadata": {}}
        | {"usage": sum((turn.usage for turn in turns), Usage()), "messages": list(said), "turns": list(turns), "tool_calls": list(calls)}
        | {"output": "Done." if status == "completed" else None, "start_within_s": None, "turn_deadline_s": None, "fail_fast": False}
    )


def _blank(kind: type[BaseModel]) -> dict[str, Any]:
    """Nothing, where something must stand."""
    return {name: None for name, field in kind.model_fields.items() if field.is_required()}
