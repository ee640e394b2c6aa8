"""bench/report.py: the tables."""

from io import StringIO

from rich.console import Console

from bench.report import table
from bench.results import Block, SystemResult, WorkloadResult
from bench.workloads import WORKLOADS


def _rows(result: WorkloadResult) -> list[list[str]]:
    """The cells of the table's lines that begin with a system's name."""
    text = StringIO()
    Console(file=text, width=200).print(table(result))
    names = {system.name for system in result.systems}
    return [cells for line in text.getvalue().splitlines() if (cells := line.split())[:1] and cells[0] in names]


def _measured(name: str, *wall_ms: float) -> SystemResult:
    blocks = tuple(Block(wall_ms=(each,), elapsed_s=each / 1000) for each in wall_ms)
    return SystemResult(name=name, settings="as it is", ideal_ms=400, blocks=blocks)


def test_a_row_holds_the_median_the_bounds_and_the_ratios_to_the_peers() -> None:
    """A peer has no ratio to itself, and with few runs there is no 99th percentile."""
    workload = WORKLOADS[0].of_size(3)
    systems = (_measured("threads", 410, 405, 420), _measured("chord", 420, 425, 430), _measured("toolchord", 450, 440, 460))

    assert _rows(WorkloadResult(workload=workload, systems=systems)) == [
        ["threads", "3", "10.0", "5.0", "20.0", "410.0", "0.40"],
        ["chord", "3", "25.0", "20.0", "30.0", "425.0", "2.50"],
        ["toolchord", "3", "50.0", "40.0", "60.0", "450.0", "5.00", "2.00"],
    ]
