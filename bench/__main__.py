"""`python -m bench`."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from typer import Option

from bench.machine import Meter, Servers
from bench.measure import measure
from bench.plot import draw
from bench.report import console, print_report
from bench.results import Report
from bench.stage import Stage
from bench.systems.chord import chord
from bench.systems.system import System
from bench.systems.threads import threads
from bench.systems.toolchord import toolchord
from bench.workloads import WORKLOADS, Workload, WrongAnswerError
from orchestrator.processes.errors import StackError


class WorkloadName(StrEnum):
    """What can be measured."""

    W1 = "W1"
    W2 = "W2"
    W3 = "W3"


class SystemName(StrEnum):
    """What can be compared, in the order of the tables."""

    THREADS = "threads"
    CHORD = "chord"
    TOOLCHORD = "toolchord"


_SYSTEMS: Final[dict[SystemName, Callable[[Stage], AbstractContextManager[System]]]] = {
    SystemName.THREADS: threads,
    SystemName.CHORD: chord,
    SystemName.TOOLCHORD: toolchord,
}
_RESULTS: Final = Path(__file__).with_name("results")

_Only = Annotated[list[WorkloadName] | None, Option(help="Measure this workload only; may be repeated.")]
_Systems = Annotated[list[SystemName] | None, Option(help="Measure this system only; may be repeated.")]
_Runs = Annotated[int | None, Option(min=1, help="Measured runs of each system under each workload.")]
_Output = Annotated[Path, Option(help="The folder for latest.json and latest.png.", show_default="bench/results")]


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(only: _Only = None, systems: _Systems = None, runs: _Runs = None, output: _Output = _RESULTS) -> None:
    """Measure Toolchord and two simpler peers under the same workloads, in turn, on this machine."""
    chosen = [workload.of_size(runs or workload.runs) for workload in WORKLOADS if workload.name in (only or workload.name)]
    try:
        report = _measured(chosen, [name for name in _SYSTEMS if name in (systems or _SYSTEMS)])
    except (StackError, WrongAnswerError) as error:
        sys.exit(str(error))
    print_report(report, console())
    _write(report, output)


def _measured(workloads: Sequence[Workload], names: Sequence[SystemName]) -> Report:
    meter = Meter()
    with tempfile.TemporaryDirectory(prefix="toolchord-bench-") as folder, ExitStack() as undo:
        Path(folder).chmod(0o755)  # Postgres runs as another user where this is root.
        status = undo.enter_context(Console(stderr=True).status("Starting the servers, the model and the workers"))
        stage = undo.enter_context(Stage(Path(folder) / "data"))
        systems = [undo.enter_context(_SYSTEMS[name](stage)) for name in names]
        for system in systems:
            stage.until(system.ready, system.name)
        results = tuple(measure(systems, workload, status.update) for workload in workloads)
        machine = meter.read(Servers.of(stage.database_url, stage.redis_url(0)))
    return Report(created_at=datetime.now(UTC), machine=machine, workloads=results)


def _write(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(report.model_dump_json(indent=1))
    draw(report, folder / "latest.png")
    print(f"Written: {folder / 'latest.json'} and {folder / 'latest.png'}")


if __name__ == "__main__":
    app(prog_name="python -m bench")
