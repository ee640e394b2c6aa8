"""Workers of two versions serve one queue: each call finds a worker that knows its tool as the model was shown it."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.supervisor import Supervisor
from tasks.presence import Presence
from tests.acceptance.conftest import ROOT, clean_environ
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty

_ANSWER = Reply(content="Done.")
_LABELS = "abcdefghijkl"
_COMMAND = ("-m", "celery", "-A", "workers.app", "worker", "-Q", "io", "-P", "threads", "-c", "2", "-n", "newer@%h")


@contextmanager
def _newer(faulty: Faulty, folder: Path) -> Generator[None]:
    """A second worker of the queue `io` with other tools, and busy soon."""
    environ = {"PYTHONPATH": str(ROOT), "REDIS_URL": faulty.stack.redis_url, "TOOLCHORD_TOOLS": "tests.faults.newer"}
    spec = ProcessSpec(
        name="newer",
        role="tool worker",
        command=(sys.executable, *_COMMAND, "--without-gossip", "--without-mingle"),
        environ=clean_environ() | environ,
        log=folder / "newer.log",
        grace_s=10,
    )
    with Supervisor() as supervisor, faulty.redis as redis:
        supervisor.start([spec])
        faulty.until(lambda: any(worker.worker.startswith("newer@") for worker in Presence(redis).workers()))
        faulty.until(lambda: "novelty" in faulty.api.get("/v1/tools").text)
        yield


@pytest.mark.timeout(180)
def test_each_call_finds_a_worker_of_its_version(faulty: Faulty, tmp_path: Path) -> None:
    """A run that began before the newer worker came keeps its version of a tool; a run that begins later has the newer one,
    and a tool that the older worker does not have. No call fails, none is tried twice."""
    lingering = [ScriptedCall.of("linger", label=label, seconds=0.1) for label in _LABELS]
    gate = tmp_path / "gate"
    older = faulty.start(asking(ScriptedCall.of("stay", gate=str(gate))), asking(*lingering), _ANSWER, tools=["stay", "linger"])
    with _newer(faulty, tmp_path):
        gate.touch()
        calls = [ScriptedCall.of(name, label=label) for label in _LABELS for name in ("linger", "novelty")]
        newer = faulty.run(asking(*calls), _ANSWER, tools=["linger", "novelty"])
        older = faulty.ended(older.id)

    assert [(call.status, call.attempt) for call in older.tool_calls + newer.tool_calls] == [("succeeded", 1)] * 37
    assert [call.content for call in older.tool_calls[1:]] == [f"linger {label}" for label in _LABELS]
    assert [call.content for call in newer.tool_calls[::2]] == [f"newer linger {label}" for label in _LABELS]
    assert "call_handed_on" in faulty.logs()["worker-io.log"]


@pytest.mark.timeout(180)
def test_a_call_that_no_worker_knows_any_more_fails_with_a_reason(faulty: Faulty, tmp_path: Path) -> None:
    """When the last worker of a tool's version has left, the next worker of the queue answers the call."""
    with _newer(faulty, tmp_path):
        calls = [ScriptedCall.of(name, label=name) for name in ("linger", "novelty")]
        run = faulty.start(asking(*calls, latency_s=10), _ANSWER, tools=["linger", "novelty"])

    changed, unknown = faulty.ended(run.id).tool_calls

    assert changed.error is not None
    assert unknown.error is not None
    assert [changed.error.code, unknown.error.code] == ["changed_tool", "unknown_tool"]
