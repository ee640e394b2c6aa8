"""bench/results.py: what follows from the times that were taken."""

import pytest

from bench.results import Block, SystemResult, WorkloadResult
from bench.workloads import Workload

QUIET = Workload(name="W1", calls=3, tool_ms=300, model_ms=50, runs=3)
BUSY = Workload(name="W3", calls=3, tool_ms=0, model_ms=0, clients=2, runs=8, in_a_row=4)


def _result(name: str, workload: Workload, *blocks: Block) -> SystemResult:
    return SystemResult(name=name, settings="as it is", ideal_ms=workload.ideal_ms, blocks=blocks)


def test_one_client_judges_by_overhead() -> None:
    """Overhead is counted from the ideal of the workload: two model calls and the longest tool."""
    slow = _result("slow", QUIET, *(Block(wall_ms=(wall_ms,), elapsed_s=1) for wall_ms in (430.0, 440.0, 450.0)))
    fast = _result("fast", QUIET, *(Block(wall_ms=(wall_ms,), elapsed_s=1) for wall_ms in (410.0, 420.0, 430.0)))
    result = WorkloadResult(workload=QUIET, systems=(slow, fast))

    assert result.figure(slow).p50 == 40
    assert result.ratios == {"slow": {"fast": 2.0}, "fast": {"slow": 0.5}}


def test_many_clients_judge_by_runs_per_second() -> None:
    """The median of the rounds counts."""
    system = _result("any", BUSY, *(Block(wall_ms=(1.0, 1.0, 1.0, 1.0), elapsed_s=elapsed_s) for elapsed_s in (2.0, 1.0, 4.0)))
    result = WorkloadResult(workload=BUSY, systems=(system,))

    assert (result.figure(system).p50, result.figure(system).low, result.figure(system).high) == (2.0, 1.0, 4.0)


def test_the_file_holds_every_time_and_what_follows_from_it() -> None:
    """Whoever doubts a median can count again."""
    written = _result("any", QUIET, Block(wall_ms=(410.5,), elapsed_s=0.42)).model_dump()

    assert written["blocks"] == ({"wall_ms": (410.5,), "elapsed_s": 0.42},)
    assert written["overhead_ms"]["p50"] == pytest.approx(10.5)
