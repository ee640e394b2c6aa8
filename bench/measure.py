"""Runs the systems in turn and takes their times."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import repeat

from bench.results import Block, SystemResult, WorkloadResult
from bench.systems.system import System
from bench.workloads import Message, Workload


def measure(systems: Sequence[System], workload: Workload, tell: Callable[[str], None]) -> WorkloadResult:
    """Each system in turn, again and again, so that what else the machine does meets all alike. The first round warms
    up and does not count. Raises WrongAnswerError."""
    rounds = -(-workload.runs // workload.in_a_row)
    blocks: dict[str, list[Block]] = {system.name: [] for system in systems}
    with ThreadPoolExecutor(workload.clients, thread_name_prefix="client") as clients:
        for number in range(rounds + 1):
            for system in systems:
                tell(f"{workload.name}: {system.name}, round {number} of {rounds}")
                blocks[system.name].append(_block(system, workload, clients))
    return WorkloadResult(workload=workload, systems=tuple(_result(system, workload, blocks[system.name][1:]) for system in systems))


def _block(system: System, workload: Workload, clients: Executor) -> Block:
    started = time.perf_counter()
    timed = list(clients.map(_timed, repeat(system, workload.in_a_row), repeat(workload)))
    elapsed_s = time.perf_counter() - started
    for transcript, _ in timed:
        workload.check(transcript)
    return Block(wall_ms=tuple(round(wall_s * 1000, 3) for _, wall_s in timed), elapsed_s=elapsed_s)


def _timed(system: System, workload: Workload) -> tuple[list[Message], float]:
    started = time.perf_counter()
    transcript = system.answer(workload)
    return transcript, time.perf_counter() - started


def _result(system: System, workload: Workload, blocks: Sequence[Block]) -> SystemResult:
    return SystemResult(name=system.name, settings=system.settings, ideal_ms=workload.ideal_ms, blocks=tuple(blocks))
