"""What an invariant finds, and how it is written for people."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import singledispatch
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from orchestrator.schemas.run import RunObject, ToolCallObject, TurnObject
from tests.acceptance.ledger import Execution
from tests.faults.history import ClientOp, Effect, Event, Fault, History, ModelRequest

_LONGEST: Final = 160

Shown = BaseModel | Execution | Mapping[str, Any] | str


class Finding(NamedTuple):
    """A broken invariant: what is wrong, and the records that show it."""

    sentence: str
    shown: tuple[Shown, ...]


class Violation(NamedTuple):
    """A finding with the invariant's id and the shortest part of the history that shows it, one line for each record."""

    invariant: str
    sentence: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.invariant}: {self.sentence}", *(f"    {line}" for line in self.lines)])


class Clock(NamedTuple):
    """Writes times as seconds since the campaign began."""

    history: History

    def of(self, at: float | None) -> str:
        return "-" if at is None else f"{at - self.history.campaign.began_at:.3f}"

    def of_service(self, at: datetime | None) -> str:
        return "-" if at is None else self.of(self.history.moment(at))


def found(sentence: str, *shown: Shown) -> Finding:
    """A finding. Records are shown in the order given."""
    return Finding(sentence, shown)


def violation(invariant: str, finding: Finding, clock: Clock) -> Violation:
    """The finding as it is told."""
    return Violation(invariant, finding.sentence, tuple(_cut(line(record, clock)) for record in finding.shown))


@singledispatch
def line(record: Any, clock: Clock) -> str:
    """One record as one line."""
    del clock
    return record if isinstance(record, str) else json.dumps(record, ensure_ascii=False, default=str)


@line.register
def _(op: ClientOp, clock: Clock) -> str:
    about = _fields(key=op.key, body=op.body, run=op.run_id, status=op.run_status, http=op.http_status)
    return f"client {op.client} {op.op} at {clock.of(op.sent_at)}-{clock.of(op.returned_at)}: {op.outcome} {about}"


@line.register(Execution)
def _(execution: Execution, clock: Clock) -> str:
    began, ended = execution
    times = f"{clock.of(began.at)}-{clock.of(ended.at if ended else None)}"
    return f"execution of {began.tool} at {times}: call {began.call_id} attempt {began.attempt} key {began.idempotency_key} pid {began.pid}"


@line.register
def _(request: ModelRequest, clock: Clock) -> str:
    roles = ", ".join(str(message.get("role")) for message in request.messages)
    return f"model request at {clock.of(request.at)}: script {request.script}, messages {roles}"


@line.register
def _(fault: Fault, clock: Clock) -> str:
    flight = f"{fault.runs_in_flight} runs and {fault.calls_in_flight} calls in flight"
    times = f"{clock.of(fault.began_at)}-{clock.of(fault.ended_at)}"
    return f"fault {fault.kind} on {fault.target} at {times}: {flight}, recovered after {fault.recovered_s} s"


@line.register
def _(event: Event, clock: Clock) -> str:
    about = _fields(turn=event.turn, index=event.index, attempt=event.attempt, **event.data)
    return f"event {event.seq} of {event.run_id} at {clock.of_service(event.at)}: {event.type} {about}"


@line.register
def _(effect: Effect, clock: Clock) -> str:
    done = "applied" if effect.applied else "seen before"
    return f"effect at {clock.of(effect.at)}: key {effect.key} call {effect.call_id} attempt {effect.attempt} {done}"


@line.register
def _(run: RunObject, clock: Clock) -> str:
    times = f"{clock.of_service(run.created_at)}-{clock.of_service(run.finished_at)}"
    turns = [turn.turn for turn in run.turns]
    return f"run {run.id} at {times}: {run.status}, model {run.model}, turns {turns}, {len(run.tool_calls)} calls, {run.usage!r}"


@line.register
def _(turn: TurnObject, clock: Clock) -> str:
    return f"turn {turn.turn} at {clock.of_service(turn.finished_at)}: finish_reason {turn.finish_reason}, {turn.usage!r}"


@line.register
def _(call: ToolCallObject, clock: Clock) -> str:
    del clock
    about = f"{call.name} {call.status}, attempt {call.attempt} of {call.max_attempts}, tool_call_id {call.tool_call_id}"
    return f"call {call.id}: {about}, content {call.content}"


def _fields(**values: object) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items() if value is not None)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def shortest(violations: Sequence[Violation]) -> Violation | None:
    """The one that takes the least reading."""
    return min(violations, key=lambda found: sum(map(len, found.lines)), default=None)
