"""What campaigns came to: for people on the terminal, and as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from tests.faults import matrix
from tests.faults.campaign.campaign import Result
from tests.faults.checker import Demands, Rules, Violation, check, shortest
from tests.faults.checker.campaigns import something_was_done
from tests.faults.checker.finding import Clock, violation
from tests.faults.checker.view import View
from tests.faults.history import LOST, RECLAIM, REDISPATCH, REPLAY, STALE_RESULT, History
from tests.faults.matrix import Row

#: What campaigns of this length, in seconds of faults, must have done; shorter ones are for looking at single faults.
_DEMANDING_S: Final = 240.0
#: In which every kind has its turn.
_COMPLETE_S: Final = 900.0
_PATHS: Final = frozenset({STALE_RESULT, REDISPATCH, REPLAY, LOST})
_SHOWN: Final = 10


class Seed(BaseModel):
    """One campaign."""

    model_config = ConfigDict(frozen=True)

    seed: int
    seconds: float
    runs: Mapping[str, int]
    requests: Mapping[str, int]
    executions: int
    effects: int
    model_requests: int
    events: int
    faults: int
    violations: tuple[str, ...]


class Report(BaseModel):
    """All campaigns of one command."""

    model_config = ConfigDict(frozen=True)

    seeds: tuple[Seed, ...]
    #: Of all campaigns together.
    violations: tuple[str, ...]
    matrix: tuple[Row, ...]
    counters: Mapping[str, int]
    #: Kinds of faults that the machine could not have, and why.
    missing: Mapping[str, str]
    shortest: str | None

    @property
    def ok(self) -> bool:
        return not self.violations and not any(seed.violations for seed in self.seeds)


def of(results: Sequence[Result], seconds: float, kinds: frozenset[str], rules: Rules) -> Report:
    """Checks every campaign by itself, and all together for what they must have done. `seconds` of faults there were,
    of these kinds."""
    found = [check(result.history, rules) for result in results]
    missing = {kind: why for result in results for kind, why in result.missing.items()}
    together = _done_too_little([result.history for result in results], seconds, kinds - missing.keys())
    least = shortest([one for violations in found for one in violations] + together)
    return Report(
        seeds=tuple(_seed(result, violations) for result, violations in zip(results, found, strict=True)),
        violations=tuple(map(str, together)),
        matrix=tuple(matrix.rows([result.history for result in results])),
        counters=sum((Counter(result.history.counters) for result in results), Counter[str]()),
        missing=missing,
        shortest=str(least) if least else None,
    )


def write(report: Report, folder: Path) -> None:
    """All figures, the fault matrix among them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(report.model_dump_json(indent=2) + "\n")


def show(report: Report, console: Console) -> None:
    """The summary."""
    console.print(_seeds_table(report))
    console.print(_faults_table(report))
    for kind, why in report.missing.items():
        console.print(f"Not done: {kind}: {why}.", markup=False)
    paths = {name: report.counters.get(name, 0) for name in (*sorted(_PATHS), RECLAIM)}
    console.print("Recovery paths taken: " + ", ".join(f"{name} {count}" for name, count in paths.items()))
    for seed in report.seeds:
        for text in seed.violations[:_SHOWN]:
            console.print(f"Seed {seed.seed}: {text}", markup=False, soft_wrap=True)
    for text in report.violations:
        console.print(text, markup=False, soft_wrap=True)
    if report.shortest is not None:
        console.print(f"\nThe shortest violating history:\n{report.shortest}", markup=False, soft_wrap=True)


def _done_too_little(histories: Sequence[History], seconds: float, kinds: frozenset[str]) -> list[Violation]:
    """I23, of all campaigns together: one of a few minutes need not have been everywhere."""
    if not histories or seconds < _DEMANDING_S:
        return []
    whole = histories[0].model_copy(
        update={
            "runs": tuple(run for history in histories for run in history.runs),
            "faults": tuple(fault for history in histories for fault in history.faults),
            "counters": sum((Counter(history.counters) for history in histories), Counter[str]()),
        }
    )
    demands = Demands(
        completed_runs=int(seconds * 0.3),
        fault_kinds=kinds if seconds >= _COMPLETE_S else frozenset(),
        recovery_paths=_PATHS | {RECLAIM} if seconds >= _COMPLETE_S else _PATHS,
        leftovers=True,
    )
    view = View.of(whole, Rules(demands=demands))
    return [violation("I23", finding, Clock(whole)) for finding in something_was_done(view)]


def _seed(result: Result, violations: Sequence[Violation]) -> Seed:
    history = result.history
    return Seed(
        seed=history.campaign.seed,
        seconds=history.campaign.healed_at - history.campaign.began_at,
        runs=Counter(run.status for run in history.runs),
        requests=Counter(f"{op.op} {op.outcome}" for op in history.ops),
        executions=len(history.executions),
        effects=len(history.effects),
        model_requests=len(history.requests),
        events=len(history.events),
        faults=len(history.faults),
        violations=tuple(map(str, violations)),
    )


def _seeds_table(report: Report) -> Table:
    table = Table("seed", "s", "faults", "runs", "how they ended", "unknown", "executions", "events", "violations")
    for seed in report.seeds:
        unknown = sum(count for name, count in seed.requests.items() if name.endswith("unknown"))
        cells = (seed.seed, round(seed.seconds), seed.faults, sum(seed.runs.values()), _told(seed.runs), unknown)
        table.add_row(*map(str, (*cells, seed.executions, seed.events, len(seed.violations))))
    return table


def _faults_table(report: Report) -> Table:
    """Times in seconds; at the right how often calls were executed."""
    table = Table("fault", "times", "in flight", "the runs in flight", "p50", "max", "promised", "idempotent", "others")
    for row in report.matrix:
        times = ("-" if value is None else f"{value:.1f}" for value in (row.recovery_p50_s, row.recovery_max_s, row.bound_s))
        spreads = ("-" if value is None else str(value) for value in (row.idempotent, row.other))
        table.add_row(row.kind, str(row.times), str(row.in_flight), _told(row.outcomes), *times, *spreads)
    return table


def _told(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
