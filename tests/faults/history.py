"""What a fault campaign leaves behind: logs written by the client, the tools, the model, the nemesis and the service.

Each log is a file of JSON lines that its own process appends to. Times are seconds of the machine's monotonic clock, the
same for all its processes; only what the service answers (runs, events) bears the wall clock's.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from orchestrator.schemas.run import RunObject
from tests.acceptance.ledger import Execution, Line

#: Paths of recovery that a campaign may have taken, as they are named in `History.counters`.
STALE_RESULT: Final = "stale_result"
STALE_REPLY: Final = "stale_reply"
REDISPATCH: Final = "redispatch"
RECLAIM: Final = "reclaim"
REPLAY: Final = "replay"
LOST: Final = "lost"
HANDED_BACK: Final = "handed_back"


class Record(BaseModel):
    """Base of what is written down: frozen, and no field beyond those named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClientOp(Record):
    """One request of a client, written when it has returned. A timeout and a reset connection are `unknown`: what was
    asked for may have happened. A refusal (4xx, 5xx) is `fail`."""

    client: int
    op: Literal["start", "cancel", "read"]
    key: str | None = Field(default=None, description="The Idempotency-Key.")
    body: str | None = Field(default=None, description="Hash of the request's body.")
    sent_at: float
    returned_at: float
    outcome: Literal["ok", "fail", "unknown"]
    http_status: int | None = None
    retry_after: str | None = None
    run_id: str | None = None
    run_status: str | None = None


class ModelRequest(Record):
    """One request that the scripted model received. Each run has a script of its own, whose name is the run's `model`."""

    at: float
    script: str
    messages: tuple[Mapping[str, JsonValue], ...]


class Fault(Record):
    """One thing that the nemesis did, and how long it took until work went on."""

    kind: str
    target: str
    began_at: float
    ended_at: float | None = None
    runs_in_flight: int = Field(default=0, description="When it began.")
    calls_in_flight: int = Field(default=0, description="When it began.")
    recovered_s: float | None = Field(default=None, description="From the end of the fault, or its only moment, to progress.")
    run_ids: tuple[str, ...] = Field(default=(), description="The runs in flight, where the nemesis knows them.")
    detail: Mapping[str, JsonValue] = {}


class Event(BaseModel):
    """One event of a run, as GET /v1/runs/{id}/events gives it, with the run's id added."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    seq: int
    at: datetime
    type: str
    turn: int | None = None
    index: int | None = None
    attempt: int | None = None
    data: Mapping[str, JsonValue] = {}


class Effect(Record):
    """One line of the bank, a system outside that knows idempotency keys: `applied` unless it had seen the key before."""

    at: float
    key: str
    call_id: str
    attempt: int
    applied: bool


class Leftovers(Record):
    """What was still there when all was quiet, beyond what was there before the campaign."""

    redis_keys_without_ttl: tuple[str, ...] = ()
    leases: tuple[str, ...] = Field(default=(), description="Of calls and of model steps.")
    processes: tuple[str, ...] = ()
    transactions: tuple[str, ...] = Field(default=(), description="Left open in Postgres.")
    canaries: tuple[str, ...] = Field(default=(), description="Where a secret's canary was found: logs, Redis, rows, answers.")


class Campaign(Record):
    """What the driver knows of the whole campaign."""

    seed: int
    began_at: float
    healed_at: float = Field(description="The last fault was over.")
    ended_at: float = Field(description="The runs were read for the last time.")
    wall_offset_s: float = Field(description="time.time() - time.monotonic() on this machine.")
    idempotent_tools: frozenset[str] = Field(description="Every other tool is started at most once.")
    bank_tools: frozenset[str] = Field(default=frozenset(), description="Their effects are in the bank's log.")


#: The log of each kind of record in a campaign's folder. Counters and campaign are one JSON object each.
CLIENT: Final = "client.jsonl"
LEDGER: Final = "ledger.jsonl"
MODEL: Final = "model.jsonl"
NEMESIS: Final = "nemesis.jsonl"
BANK: Final = "bank.jsonl"
RUNS: Final = "runs.jsonl"
EVENTS: Final = "events.jsonl"
COUNTERS: Final = "counters.json"
LEFTOVERS: Final = "leftovers.json"
CAMPAIGN: Final = "campaign.json"

_Read = TypeVar("_Read", bound=BaseModel)
_COUNTERS: Final = TypeAdapter(dict[str, int])


class History(BaseModel):
    """All logs of one campaign. `runs` holds every run that the service has, accepted in the client's eyes or not."""

    model_config = ConfigDict(frozen=True)

    campaign: Campaign
    ops: tuple[ClientOp, ...] = ()
    executions: tuple[Execution, ...] = ()
    requests: tuple[ModelRequest, ...] = ()
    faults: tuple[Fault, ...] = ()
    effects: tuple[Effect, ...] = ()
    runs: tuple[RunObject, ...] = ()
    events: tuple[Event, ...] = ()
    counters: Mapping[str, int] = {}
    leftovers: Leftovers | None = None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads a campaign's folder. A log that nobody wrote is empty."""
        leftovers = folder / LEFTOVERS
        counters = folder / COUNTERS
        return cls(
            campaign=Campaign.model_validate_json((folder / CAMPAIGN).read_bytes()),
            ops=_lines(folder / CLIENT, ClientOp),
            executions=tuple(paired(_lines(folder / LEDGER, Line))),
            requests=_lines(folder / MODEL, ModelRequest),
            faults=_lines(folder / NEMESIS, Fault),
            effects=_lines(folder / BANK, Effect),
            runs=_lines(folder / RUNS, RunObject),
            events=_lines(folder / EVENTS, Event),
            counters=_COUNTERS.validate_json(counters.read_bytes()) if counters.exists() else {},
            leftovers=Leftovers.model_validate_json(leftovers.read_bytes()) if leftovers.exists() else None,
        )

    def moment(self, at: datetime) -> float:
        """A time that the service gave, by the monotonic clock."""
        return at.timestamp() - self.campaign.wall_offset_s


def append(log: Path, record: BaseModel) -> None:
    """Writes one more line."""
    with log.open("a") as file:
        file.write(record.model_dump_json() + "\n")


def paired(lines: Sequence[Line]) -> Iterable[Execution]:
    """Executions in the order in which they began."""
    ends = {line.execution: line for line in lines if line.kind == "ended"}
    return (Execution(line, ends.get(line.execution)) for line in lines if line.kind == "began")


def _lines(log: Path, kind: type[_Read]) -> tuple[_Read, ...]:
    if not log.exists():
        return ()
    return tuple(kind.model_validate_json(line) for line in log.read_bytes().splitlines() if line)
