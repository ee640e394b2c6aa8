"""The results for people: a table for each workload."""

from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from bench.machine import Machine
from bench.results import Report, SystemResult, WorkloadResult

#: Where the output is no terminal: as wide as the widest table.
_WIDTH: Final = 110
_OURS: Final = "toolchord"


def console() -> Console:
    """Where the report is printed."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=_WIDTH)


def print_report(report: Report, out: Console) -> None:
    """Prints every table, what the systems were and where it was measured."""
    for result in report.workloads:
        out.print(table(result))
    for system in report.workloads[0].systems:
        out.print(f"{system.name}: {system.settings}", highlight=False)
    out.print(_place(report.machine), highlight=False)


def table(result: WorkloadResult) -> Table:
    """One row for each system, with how many times each peer's figure its own is."""
    workload = result.workload
    peers = [system.name for system in result.systems if system.name != _OURS]
    judged = "runs/s" if workload.clients > 1 else "overhead ms"
    shown = Table(title=_title(result), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    shown.add_column("system", no_wrap=True)
    for heading in ("runs", judged, "min", "max", "run p50 ms", "run p99 ms", *(f"x {peer}" for peer in peers)):
        shown.add_column(heading, justify="right", no_wrap=True)
    for system in result.systems:
        shown.add_row(*_row(result, system, peers))
    return shown


def _title(result: WorkloadResult) -> str:
    workload = result.workload
    meant = "more is better" if workload.clients > 1 else f"ideal {workload.ideal_ms} ms, less is better"
    return f"{workload.name}: {workload.title}; {meant}"


def _row(result: WorkloadResult, system: SystemResult, peers: list[str]) -> list[str]:
    judged = result.figure(system)
    times = [judged.p50, judged.low, judged.high, system.run_ms.p50, system.run_ms.p99]
    ratios = [result.ratios[system.name].get(peer) for peer in peers]
    return [system.name, str(system.runs), *(_number(each, 1) for each in times), *(_number(each, 2) for each in ratios)]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _place(machine: Machine) -> str:
    return (
        f"{machine.cores} cores of {machine.processor}, {machine.memory_gib} GiB, {machine.system}, Python {machine.python}, "
        f"Celery {machine.libraries['celery']}, Postgres {machine.servers.postgres}, Redis {machine.servers.redis}; "
        f"load before {machine.load_before}, steal {machine.steal_percent} %"
    )
