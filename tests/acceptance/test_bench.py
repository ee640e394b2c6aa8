"""`python -m bench`, from end to end."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.results import Report
from orchestrator.embedded.binaries import postgres_programs, redis_program
from orchestrator.processes.errors import ServerUnavailableError

ROOT = Path(__file__).parents[2]
RUNS = 16


@pytest.fixture
def has_servers() -> None:
    """The benchmark always starts servers of its own."""
    try:
        postgres_programs()
        redis_program()
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.usefixtures("has_servers")
def test_a_small_benchmark_measures_every_system_and_writes_what_it_found(tmp_path: Path) -> None:
    """Each run is checked by the benchmark itself; here it must say how many there were, and draw them."""
    command = [sys.executable, "-m", "bench", "--only", "W3", "--runs", str(RUNS), "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    report = Report.model_validate_json((tmp_path / "latest.json").read_bytes())
    [result] = report.workloads
    assert [system.name for system in result.systems] == ["threads", "chord", "toolchord"]
    assert [system.runs for system in result.systems] == [RUNS] * 3
    assert "toolchord" in done.stdout
    assert (tmp_path / "latest.png").read_bytes().startswith(b"\x89PNG")
