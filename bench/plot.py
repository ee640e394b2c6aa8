"""The results as a picture: every measured value as a point, the median as a line."""

from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from bench.results import Report, SystemResult, WorkloadResult

_INCHES: Final = (4.2, 3.6)


def draw(report: Report, path: Path) -> None:
    """Writes a PNG with a panel for each workload."""
    figure: Any = Figure(figsize=(_INCHES[0] * len(report.workloads), _INCHES[1]), layout="constrained")
    for number, result in enumerate(report.workloads, start=1):
        _fill(figure.add_subplot(1, len(report.workloads), number), result)
    figure.savefig(path, dpi=150)


# Any: matplotlib's own keyword arguments are not typed.
def _fill(panel: Any, result: WorkloadResult) -> None:
    panel.set_title(f"{result.workload.name}: {result.workload.title}", fontsize=8)
    panel.set_ylabel("runs per second" if result.workload.clients > 1 else "overhead, ms")
    for place, system in enumerate(result.systems):
        values = _values(result, system)
        panel.plot([place] * len(values), values, "o", alpha=0.3, color=f"C{place}")
        panel.hlines(result.figure(system).p50, place - 0.25, place + 0.25, colors=f"C{place}")
    panel.set_xticks(range(len(result.systems)), [system.name for system in result.systems])
    panel.set_ylim(bottom=0)


def _values(result: WorkloadResult, system: SystemResult) -> list[float]:
    if result.workload.clients > 1:
        return [len(block.wall_ms) / block.elapsed_s for block in system.blocks]
    return [wall_ms - system.ideal_ms for block in system.blocks for wall_ms in block.wall_ms]
