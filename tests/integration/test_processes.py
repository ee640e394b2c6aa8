"""Real child processes under supervision: small scripts that misbehave in every way."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.errors import ProcessDiedError
from orchestrator.processes.signals import ends_by_exception, undisturbed
from orchestrator.processes.supervisor import RestartPolicy, Supervisor

SpecOf = Callable[..., ProcessSpec]

_SLEEP = "import time; print('up', flush=True); time.sleep(60)"
_IGNORE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
#: A process whose child outlives a polite stop.
_PARENT = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {_IGNORE!r}]).pid, flush=True); {_SLEEP}"
_AT_ONCE = RestartPolicy(backoff_s=0, deaths=2)


@pytest.fixture
def spec_of(tmp_path: Path) -> SpecOf:
    """Makes the spec of a Python script with an empty environment."""

    def make(script: str, name: str = "child", **options: Any) -> ProcessSpec:
        command = (sys.executable, "-c", script)
        return ProcessSpec(name=name, role="test", command=command, environ={}, log=tmp_path / f"{name}.log", **options)

    return make


def test_stop_ends_a_child_that_listens(spec_of: SpecOf) -> None:
    """The stop signal is enough."""
    with Supervisor() as supervisor:
        supervisor.start([spec_of(_SLEEP)])
        (child,) = supervisor.children

    assert child.exit_code == -signal.SIGTERM


def test_stop_kills_a_child_that_does_not_listen(spec_of: SpecOf, tmp_path: Path) -> None:
    """After its grace, and not before."""
    with Supervisor() as supervisor:
        supervisor.start([spec_of(_IGNORE, grace_s=0.2)])
        (child,) = supervisor.children
        _until(lambda: "deaf" in (tmp_path / "child.log").read_text())

    assert child.exit_code == -signal.SIGKILL


def test_stop_ends_what_a_child_started(spec_of: SpecOf, tmp_path: Path) -> None:
    """The whole process group goes, also what is deaf to the stop signal."""
    with Supervisor() as supervisor:
        supervisor.start([spec_of(_PARENT)])
        grandchild = _grandchild(tmp_path / "child.log")

    _until(lambda: not _alive(grandchild))


def test_stop_goes_by_stages(spec_of: SpecOf, tmp_path: Path) -> None:
    """A process is there until those that need it are gone."""
    order = tmp_path / "order"
    script = textwrap.dedent("""
        import signal, sys, time
        def stop(*_):
            time.sleep({delay})
            open({order!r}, "a").write({name!r})
            sys.exit()
        signal.signal(signal.SIGTERM, stop)
        print("up", flush=True)
        time.sleep(60)
    """)
    with Supervisor() as supervisor:
        for name, delay, stage in (("b", 0, 1), ("a", 0.3, 0)):
            supervisor.start([spec_of(script.format(delay=delay, order=str(order), name=name), name, stop_stage=stage)])
            _until(lambda log=tmp_path / f"{name}.log": "up" in log.read_text())

    assert order.read_text() == "ab"


def test_stop_may_be_called_twice(spec_of: SpecOf) -> None:
    """The second finds nothing to do."""
    supervisor = Supervisor()
    supervisor.start([spec_of(_SLEEP)])
    supervisor.stop()
    supervisor.stop()

    assert supervisor.children == ()


def test_a_command_that_does_not_exist_is_told_by_its_log(tmp_path: Path) -> None:
    """The error names the program that is missing."""
    spec = ProcessSpec(name="ghost", role="test", command=("/no/such/program",), environ={}, log=tmp_path / "ghost.log")

    with Supervisor() as supervisor:
        supervisor.start([spec])
        _until_ended(supervisor)
        with pytest.raises(ProcessDiedError, match="/no/such/program"):
            supervisor.check()


def test_check_names_the_dead_and_shows_its_last_lines(spec_of: SpecOf) -> None:
    """The reader sees why without looking for the log."""
    with Supervisor() as supervisor:
        supervisor.start([spec_of(_SLEEP, "fine"), spec_of("print('line\\n' * 100 + 'no such tool'); raise SystemExit(1)", "broken")])
        _until(lambda: not supervisor.children[1].running)
        with pytest.raises(ProcessDiedError) as caught:
            supervisor.check()

    assert (caught.value.name, caught.value.exit_code) == ("broken", 1)
    assert caught.value.log_tail.endswith("no such tool")
    assert caught.value.log_tail.count("\n") < 20


def test_mend_restarts_a_child_that_was_killed(spec_of: SpecOf) -> None:
    """Under a new pid, and with the old log kept."""
    with Supervisor(_AT_ONCE) as supervisor:
        supervisor.start([spec_of(_SLEEP)])
        (child,) = supervisor.children
        first = child.pid
        assert first
        os.kill(first, signal.SIGKILL)

        _until(lambda: supervisor.mend() or (child.running and child.pid != first))


def test_mend_ends_what_the_dead_left(spec_of: SpecOf, tmp_path: Path) -> None:
    """The successor does not meet the orphans of its predecessor."""
    with Supervisor(_AT_ONCE) as supervisor:
        supervisor.start([spec_of(_PARENT)])
        (child,) = supervisor.children
        orphan = _grandchild(tmp_path / "child.log")
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)

        _until(lambda: supervisor.mend() or not _alive(orphan))


def test_mend_gives_up_on_a_child_that_dies_again_and_again(spec_of: SpecOf, tmp_path: Path) -> None:
    """It was started as often as the policy bears, and once before."""
    with Supervisor(_AT_ONCE) as supervisor:
        supervisor.start([spec_of("print('up'); raise SystemExit(3)")])
        with pytest.raises(ProcessDiedError, match="child ended with exit code 3"):
            _until(supervisor.mend)

    assert (tmp_path / "child.log").read_text().split() == ["up"] * 3


def test_a_child_has_the_environment_of_its_spec_and_no_more(spec_of: SpecOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the parent knows stays with the parent."""
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with Supervisor() as supervisor:
        supervisor.start([spec_of("import os; print(*os.environ)")])
        _until_ended(supervisor)

    assert "OPENAI_API_KEY" not in (tmp_path / "child.log").read_text()


@pytest.mark.parametrize("orphan_signal", [signal.SIGKILL, signal.SIGTERM])
def test_children_end_when_their_parent_is_killed(tmp_path: Path, orphan_signal: signal.Signals) -> None:
    """The kernel tells them, for the parent cannot."""
    script = textwrap.dedent(f"""
        import signal, time
        from pathlib import Path
        from orchestrator.processes.child import Child, ProcessSpec
        child = Child(ProcessSpec(
            name="child", role="test", command=({sys.executable!r}, "-c", {_SLEEP!r}), environ={{}},
            log=Path({str(tmp_path / "log")!r}), orphan_signal=signal.Signals({orphan_signal.value}),
        ))
        child.start()
        print(child.pid, flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        try:
            _until(lambda: "up" in (tmp_path / "log").read_text())
        finally:
            parent.kill()

    _until(lambda: not _alive(child))


def test_a_signal_to_end_waits_for_the_end_of_an_undisturbed_block() -> None:
    """A second Ctrl-C does not leave half of the processes."""
    reached: list[str] = []

    with ends_by_exception(), pytest.raises(SystemExit, match=str(128 + signal.SIGTERM)), undisturbed():
        reached.extend([signal.raise_signal(signal.SIGTERM) or "the end of the block"])

    assert reached == ["the end of the block"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """`nohup` asks for that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ends_by_exception(), undisturbed():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def _until(condition: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up_at, "waited too long"
        time.sleep(0.01)


def _grandchild(log: Path) -> int:
    """The pid of what `_PARENT` started, once it is deaf."""
    _until(lambda: {"deaf", "up"} <= set(log.read_text().split()))
    return int(next(word for word in log.read_text().split() if word.isdecimal()))


def _until_ended(supervisor: Supervisor) -> None:
    _until(lambda: not any(child.running for child in supervisor.children))


def _alive(pid: int) -> bool:
    """A zombie is dead: who is to reap it may be slow."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
