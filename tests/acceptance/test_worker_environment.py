"""A tool worker on a host of its own: only the worker's lock, only `tasks` and `workers`, only the broker's URL."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.supervisor import Supervisor
from tasks.app import call_signature, make_app
from tasks.broker import connect
from tasks.grants import Grants
from tasks.messages import CallMessage, Grant, Outcome, ToolResult, ToolSpec
from tasks.presence import Presence
from tests.acceptance.waiting import until

ROOT = Path(__file__).parents[2]
#: Building the environment downloads, so it has the time that `make env` has.
pytestmark = pytest.mark.timeout(300)


class Host(NamedTuple):
    """What is there on the worker's host."""

    python: Path
    folder: Path

    def environ(self, **variables: str) -> dict[str, str]:
        return {"PATH": f"{self.python.parent}:{os.defpath}", "HOME": str(self.folder), **variables}

    def run(self, code: str) -> str:
        command = [self.python, "-c", code]
        return subprocess.run(command, cwd=self.folder, env=self.environ(), capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A virtual environment of requirements/worker.txt beside copies of `tasks` and `workers`."""
    folder = tmp_path_factory.mktemp("host")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "--no-deps", "-r"]
    subprocess.run([python, *install, ROOT / "requirements" / "worker.txt"], check=True)
    for package in ("tasks", "workers"):
        shutil.copytree(ROOT / package, folder / package)
    return Host(python, folder)


def test_a_worker_holds_no_database_no_web_framework_and_no_model_client(host: Host) -> None:
    """What a taken-over worker could reach is not there."""
    names = ["sqlalchemy", "psycopg", "alembic", "fastapi", "starlette", "openai", "orchestrator", "migrations"]
    found = host.run(f"import importlib.util as u; print([name for name in {names} if u.find_spec(name)])")

    assert found == "[]"


def test_the_lock_of_the_worker_is_complete(host: Host) -> None:
    """No package of the environment misses one that it needs."""
    check = subprocess.run([host.python, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert check.returncode == 0, check.stdout


def test_a_worker_answers_a_call(host: Host, redis_url: str, tmp_path: Path) -> None:
    """With Redis alone a worker announces its tools, runs a granted call and puts its result."""
    heartbeat = tmp_path / "alive"
    worker = ProcessSpec(
        name="worker-io",
        role="worker",
        command=("celery", "-A", "workers.app", "worker", "-Q", "io", "-P", "threads", "-c", "4", "-n", "io@%h"),
        environ=host.environ(REDIS_URL=redis_url, TOOLCHORD_HEARTBEAT_FILE=str(heartbeat)),
        log=tmp_path / "worker.log",
        cwd=host.folder,
    )
    with Supervisor() as supervisor:
        supervisor.start([worker])
        spec = until(lambda: _announced(redis_url, "get_weather"), supervisor.check)
        result = _answer(redis_url, spec, '{"city": "Tokyo"}', supervisor)

    assert result.result.outcome == Outcome.SUCCEEDED
    assert '"temperature_f":71' in result.result.content
    assert heartbeat.exists()


def _announced(redis_url: str, name: str) -> ToolSpec | None:
    with connect(redis_url) as redis:
        tools = (tool for worker in Presence(redis).workers() for tool in worker.tools)
        return next((tool for tool in tools if tool.name == name), None)


def _answer(redis_url: str, spec: ToolSpec, arguments: str, supervisor: Supervisor) -> ToolResult:
    """Grants one call and rings for it, as the orchestrator does, and waits for its result."""
    call = CallMessage(run_id="run_1", turn=1, index=0, attempt=1, tool=spec.name)
    grant = Grant(call=call, queue=spec.queue, schema_hash=spec.schema_hash, arguments=arguments, timeout_s=spec.timeout_s, deadline_s=60.0)
    with connect(redis_url) as redis, make_app("test", redis_url) as app:
        grants = Grants(redis)
        grants.put(call.run_id, call.turn, [grant], [], ttl_s=60.0)
        call_signature(app, grant.doorbell).apply_async()
        return until(lambda: grants.states([call.key])[0].result, supervisor.check)
