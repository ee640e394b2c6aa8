"""The fault matrix: what each kind of fault hit, and what came of it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from orchestrator.schemas.run import RunObject
from tests.faults.checker import Rules
from tests.faults.history import Fault, History, Record


class Spread(Record):
    """How often calls were executed: on average, and at most."""

    mean: float
    most: int

    def __str__(self) -> str:
        return f"{self.mean:.2f} (max {self.most})"


class Row(Record):
    """What one kind of fault did, over all campaigns."""

    kind: str
    times: int
    in_flight: int
    runs: int
    outcomes: Mapping[str, int]
    recovery_p50_s: float | None
    recovery_max_s: float | None
    bound_s: float
    idempotent: Spread | None
    other: Spread | None


class _Hit(Record):
    """A fault with the runs that were under way, and how often their calls were executed."""

    fault: Fault
    runs: tuple[RunObject, ...]
    idempotent: tuple[int, ...]
    other: tuple[int, ...]


def rows(histories: Iterable[History], rules: Rules | None = None) -> list[Row]:
    """One row for each kind of fault, by name."""
    hits: defaultdict[str, list[_Hit]] = defaultdict(list)
    for history in histories:
        for hit in _hits(history):
            hits[hit.fault.kind].append(hit)
    return [_row(kind, hits[kind], rules or Rules()) for kind in sorted(hits)]


def _row(kind: str, hits: Sequence[_Hit], rules: Rules) -> Row:
    recoveries = [hit.fault.recovered_s for hit in hits if hit.fault.recovered_s is not None]
    return Row(
        kind=kind,
        times=len(hits),
        in_flight=sum(bool(hit.fault.runs_in_flight or hit.fault.calls_in_flight) for hit in hits),
        runs=sum(hit.fault.runs_in_flight for hit in hits),
        outcomes=Counter(run.status for hit in hits for run in hit.runs),
        recovery_p50_s=median(recoveries) if recoveries else None,
        recovery_max_s=max(recoveries, default=None),
        bound_s=rules.recovery_bound_s(kind),
        idempotent=_spread([count for hit in hits for count in hit.idempotent]),
        other=_spread([count for hit in hits for count in hit.other]),
    )


def _hits(history: History) -> Iterator[_Hit]:
    counts = Counter(execution.began.call_id for execution in history.executions)
    for fault in history.faults:
        touched = tuple(_touched(history, fault))
        executed = [call for run in touched for call in run.tool_calls if counts[call.id]]
        again = history.campaign.idempotent_tools
        yield _Hit(
            fault=fault,
            runs=touched,
            idempotent=tuple(counts[call.id] for call in executed if call.name in again),
            other=tuple(counts[call.id] for call in executed if call.name not in again),
        )


def _touched(history: History, fault: Fault) -> Iterator[RunObject]:
    """The runs that the nemesis named, or else those that were open at any time of the fault."""
    over_at = fault.began_at if fault.ended_at is None else fault.ended_at
    for run in history.runs:
        ended = run.finished_at is not None and history.moment(run.finished_at) < fault.began_at
        if run.id in fault.run_ids or (not fault.run_ids and not ended and history.moment(run.created_at) <= over_at):
            yield run


def _spread(counts: Sequence[int]) -> Spread | None:
    return Spread(mean=sum(counts) / len(counts), most=max(counts)) if counts else None
