"""Processes that are asked to stop: what they run gets its grace, and what is left is handed on at once."""

import os
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import pytest
from httpx2 import TransportError

from orchestrator.llm.scripted import Reply, ScriptedCall
from tasks.names import DEFAULT_QUEUE, IO_QUEUE
from tasks.presence import Presence
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty, toolchord
from workers.leases import LEASE_S

_GRACE_S: Final = 6.0
_ANSWER = Reply(content="Done.")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Faulty]:
    """A Toolchord whose workers and coordinator give what they run a few seconds."""
    with toolchord(tmp_path_factory.mktemp("stopping"), TOOLCHORD_STOP_GRACE_S=str(_GRACE_S)) as client:
        yield client


def _ask_to_stop(stack: Faulty, *names: str) -> None:
    for pid in stack.pids(*names).values():
        os.kill(pid, signal.SIGTERM)


def _exit_codes(stack: Faulty, *names: str) -> list[int | None]:
    """How the processes ended by themselves; None for one that did not. Nobody starts them again meanwhile."""
    started = stack.stack._supervisor.children  # pyright: ignore[reportPrivateUsage] - their exit codes are seen nowhere else
    children = [child for child in started if child.spec.name in names]
    give_up_at = time.monotonic() + 60
    return [child.exit_code if child.wait(give_up_at - time.monotonic()) else None for child in children]


@pytest.mark.timeout(180)
def test_a_worker_that_stops_hands_back_what_its_grace_does_not_suffice_for(stack: Faulty) -> None:
    """Short calls end as ever. An idempotent call is opened again long before its lease could have ended, a tool that
    ignores its end included; of another the model is told the truth."""
    again = [(name, 25) for name in ("once_slow", "once_in_thread", "once_slow_in_process", "once_stubborn_in_process")]
    long = [*again, ("nap", 25), ("doze", 25)]
    short = [("linger", 3), ("linger_in_process", 3)]
    calls = [ScriptedCall.of(name, label=name, seconds=seconds) for name, seconds in (*long, *short)]
    run = stack.start(asking(*calls), _ANSWER, tools=[name for name, _ in (*long, *short)])
    stack.began(run.id, len(calls))
    _ask_to_stop(stack, "worker-io", "worker-default")
    grace_over_at = time.monotonic() + _GRACE_S

    while [call.attempt for call in stack.read(run.id).tool_calls[:4]] != [2] * 4:
        assert time.monotonic() < grace_over_at + LEASE_S - 1, [call.attempt for call in stack.read(run.id).tool_calls]
        time.sleep(0.1)
    assert _exit_codes(stack, "worker-io", "worker-default") == [0, 0]
    ended = stack.ended(run.id)

    assert [(call.status, call.attempt) for call in ended.tool_calls] == [
        *[("succeeded", 2)] * 4,
        *[("lost", 1)] * 2,
        *[("succeeded", 1)] * 2,
    ]
    assert [call.error.code for call in ended.tool_calls if call.error] == ["worker_stopped"] * 2


@pytest.mark.timeout(180)
def test_what_a_worker_has_taken_and_not_begun_goes_back_to_its_queue(stack: Faulty) -> None:
    """Calls that wait for a free process, and a call whose next attempt waits for its time in the worker's memory."""
    calls = [ScriptedCall.of("linger_in_process", label=str(index), seconds=3) for index in range(6)]
    delayed = ScriptedCall.of("later", label="d", seconds=20)
    run = stack.start(asking(*calls, delayed), _ANSWER, tools=["linger_in_process", "later"])
    stack.began(run.id, 5)
    with stack.redis as redis:
        stack.until(lambda: stack.read(run.id).tool_calls[6].attempt == 2 and not redis.llen(IO_QUEUE))
        _ask_to_stop(stack, "worker-io", "worker-default")
        assert _exit_codes(stack, "worker-io", "worker-default") == [0, 0]

        assert (redis.llen(DEFAULT_QUEUE), redis.llen(IO_QUEUE), redis.hlen("unacked")) == (2, 1, 0)
    ended = stack.ended(run.id)

    assert [(call.status, call.attempt) for call in ended.tool_calls] == [*[("succeeded", 1)] * 6, ("succeeded", 2)]


@pytest.mark.timeout(180)
def test_a_pool_process_that_is_told_to_end_leaves_a_typed_answer(stack: Faulty) -> None:
    """As a service manager does that signals every process of a service."""
    calls = [ScriptedCall.of("once_slow_in_process", label="a", seconds=25), ScriptedCall.of("doze", label="b", seconds=25)]
    run = stack.start(asking(*calls), _ANSWER, tools=["once_slow_in_process", "doze"])
    stack.began(run.id, 2)
    for execution in stack.executions(run.id):
        os.kill(execution.began.pid, signal.SIGTERM)

    again, lost = stack.ended(run.id).tool_calls

    assert (again.status, again.attempt) == ("succeeded", 2)
    assert (lost.status, lost.attempt) == ("lost", 1)
    assert stack.executions(run.id)[2].began.at - stack.executions(run.id)[0].began.at < 20


@pytest.mark.timeout(180)
def test_a_coordinator_that_stops_hands_its_model_call_on(stack: Faulty) -> None:
    """It ends although the model still thinks, and its successor asks again. The reply is recorded once."""
    model = stack.model(Reply(content="Slowly.", latency_s=40))
    run_id = str(stack.post(model).json()["id"])
    stack.until(lambda: bool(stack.model_requests()[model]))
    _ask_to_stop(stack, "coordinator")
    stopped_at = time.monotonic()

    assert _exit_codes(stack, "coordinator") == [0]
    assert time.monotonic() - stopped_at < 40
    assert stack.read(run_id).status == "in_progress"
    ended = stack.ended(run_id)

    assert (ended.status, ended.output, len(ended.turns)) == ("completed", "Slowly.", 1)
    assert len(stack.model_requests()[model]) == 2


@pytest.mark.timeout(180)
def test_l13_a_worker_killed_while_it_stops_is_recovered_by_lease(stack: Faulty) -> None:
    """SIGTERM and, before the grace is over, SIGKILL: the running calls come back with their leases, and not after the
    visibility timeout of hours; a call that waits runs on the new worker."""
    slow = [ScriptedCall.of(name, label="a", seconds=20) for name in ("once_slow", "once_slow_in_process")]
    waiting = [ScriptedCall.of("linger_in_process", label=str(index), seconds=4) for index in range(5)]
    run = stack.start(asking(*slow, *waiting), _ANSWER, tools=["once_slow", "once_slow_in_process", "linger_in_process"])
    stack.began(run.id, 5)
    _ask_to_stop(stack, "worker-io", "worker-default")
    time.sleep(_GRACE_S - 1)
    for name in ("worker-io", "worker-default"):
        stack.kill(name)
    killed_at = time.monotonic()

    ended = stack.ended(run.id)

    assert [(call.status, call.attempt) for call in ended.tool_calls[:2]] == [("succeeded", 2)] * 2
    assert [call.status for call in ended.tool_calls[2:]] == ["succeeded"] * 5
    assert time.monotonic() - killed_at < 60


@pytest.mark.timeout(300)
def test_a_rolling_restart_fails_no_run(stack: Faulty) -> None:
    """Every process is stopped and started again, one after another, while runs come in: each is accepted, none loses a
    call, and all complete with every call done once."""
    traffic = Traffic(stack)
    with traffic.flowing():
        for name in ("worker-io", "worker-default", "coordinator", "watcher", "api"):
            _restart(stack, name)

    runs = [stack.ended(run_id) for run_id in traffic.run_ids]

    assert len(runs) >= 10
    assert {run.status for run in runs} == {"completed"}
    assert {(call.status, call.attempt) for run in runs for call in run.tool_calls} == {("succeeded", 1)}


class Traffic:
    """Runs that are posted one after another, again where nobody listens."""

    def __init__(self, stack: Faulty) -> None:
        self._stack = stack
        calls = [ScriptedCall.of(name, label=name, seconds=2) for name in ("linger", "nap", "linger_in_process", "doze")]
        self._model = stack.model(asking(*calls, latency_s=0.5), Reply(content="Done.", latency_s=0.5))
        self._over = threading.Event()
        self.run_ids: list[str] = []

    @contextmanager
    def flowing(self) -> Generator[None]:
        thread = threading.Thread(target=self._flow)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _flow(self) -> None:
        while not self._over.wait(0.6):
            with suppress(TransportError):
                answer = self._stack.post(self._model, ["linger", "nap", "linger_in_process", "doze"])
                self.run_ids.append(str(answer.raise_for_status().json()["id"]))


def _restart(stack: Faulty, name: str) -> None:
    """Stops one process and waits until its successor is ready."""
    before, workers = stack.pids(name), _workers(stack)
    _ask_to_stop(stack, name)
    stack.until(lambda: stack.pids(name) != before)
    match name:
        case "api":
            stack.until(lambda: _is_ready(stack))
        case "watcher":
            pass
        case _:
            stack.until(lambda: bool(_workers(stack) - workers))


def _workers(stack: Faulty) -> set[str]:
    with stack.redis as redis:
        return {worker.worker_id for worker in Presence(redis).workers()}


def _is_ready(stack: Faulty) -> bool:
    with suppress(TransportError):
        return stack.api.get("/readyz").is_success
    return False
