"""What the fault campaign found, and where a process can be killed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from scripts.reference.markdown import code, table
from tasks.failpoints import FAILPOINTS

#: Written by `python -m tests.faults --out docs/reference/faults`.
_REPORT: Final = Path(__file__).parents[2] / "docs/reference/faults/report.json"


def _report() -> Mapping[str, Any]:
    return json.loads(_REPORT.read_text())


def _campaigns() -> str:
    rows = (
        (
            code(str(seed["seed"])),
            f"{seed['seconds']:.0f}",
            str(seed["faults"]),
            str(sum(seed["runs"].values())),
            _counted(seed["runs"]),
            str(seed["executions"]),
            str(len(seed["violations"])),
        )
        for seed in _report()["seeds"]
    )
    return table(("seed", "seconds of faults", "faults", "runs", "how they ended", "executions of tools", "violations"), rows)


def _matrix() -> str:
    head = (
        "fault",
        "times",
        "with work in flight",
        "runs in flight",
        "how they ended",
        "recovery p50, max (s)",
        "promised (s)",
        "effects per call",
    )
    return table(head, (_row(row) for row in _report()["matrix"]))


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    recovery = "not alone" if row["recovery_p50_s"] is None else f"{row['recovery_p50_s']:.1f}, {row['recovery_max_s']:.1f}"
    counts = (str(row["times"]), str(row["in_flight"]), str(row["runs"]))
    effects = f"{_spread(row['idempotent'])}; {_spread(row['other'])}"
    return (code(row["kind"]), *counts, _counted(row["outcomes"]), recovery, f"{row['bound_s']:.0f}", effects)


def _spread(spread: Mapping[str, Any] | None) -> str:
    return f"{spread['mean']:.2f} (at most {spread['most']})" if spread else "-"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items())) or "-"


def _paths() -> str:
    return table(("path of recovery", "times"), ((code(name), str(count)) for name, count in sorted(_report()["counters"].items())))


def _missing() -> str:
    missing = _report()["missing"]
    rows = ((code(kind), why) for kind, why in sorted(missing.items()))
    return table(("fault", "why this machine could not have it"), rows) if missing else "None."


def _crash_points() -> str:
    return table(("failpoint", "a process is killed when"), ((code(name), meaning) for name, meaning in FAILPOINTS.items()))


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "fault-campaigns": _campaigns,
    "fault-matrix": _matrix,
    "fault-paths": _paths,
    "fault-missing": _missing,
    "crash-points": _crash_points,
}
