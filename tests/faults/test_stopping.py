"""Processes that are asked to stop: what they run gets its grace, and what is left is handed on at once."""

import os
import signal
import time
from collections.abc import Generator
from typing import Final

import pytest

from orchestrator.llm.scripted import Reply, ScriptedCall
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty, running
from workers.leases import LEASE_S

_GRACE_S: Final = 6.0
_ANSWER = Reply(content="Done.")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Faulty]:
    """A Toolchord whose workers and coordinator give what they run a few seconds."""
    with running(tmp_path_factory.mktemp("stopping"), {"TOOLCHORD_STOP_GRACE_S": str(_GRACE_S)}) as client:
        yield client


def _ask_to_stop(stack: Faulty, *names: str) -> None:
    for pid in stack.pids(*names).values():
        os.kill(pid, signal.SIGTERM)


def _exit_codes(stack: Faulty, *names: str) -> list[int | None]:
    """How the processes ended by themselves; None for one that did not. Nobody starts them again meanwhile."""
    children = [child for child in stack.stack._supervisor.children if child.spec.name in names]
    give_up_at = time.monotonic() + 60
    return [child.exit_code if child.wait(give_up_at - time.monotonic()) else None for child in children]


@pytest.mark.timeout(180)
def test_a_worker_that_stops_hands_back_what_its_grace_does_not_suffice_for(stack: Faulty) -> None:
    """Short calls end as ever. An idempotent call is opened again long before its lease could have ended, a tool that
    ignores its end included; of another the model is told the truth."""
    long = [("once_slow", 25), ("once_slow_in_process", 25), ("once_stubborn_in_process", 25), ("nap", 25), ("doze", 25)]
    short = [("linger", 3), ("linger_in_process", 3)]
    calls = [ScriptedCall.of(name, label=name, seconds=seconds) for name, seconds in (*long, *short)]
    run = stack.start(asking(*calls), _ANSWER, tools=[name for name, _ in (*long, *short)])
    stack.began(run.id, len(calls))
    _ask_to_stop(stack, "worker-io", "worker-default")
    grace_over_at = time.monotonic() + _GRACE_S

    while [call.attempt for call in stack.read(run.id).tool_calls[:3]] != [2, 2, 2]:
        assert time.monotonic() < grace_over_at + LEASE_S - 1, [call.attempt for call in stack.read(run.id).tool_calls]
    assert _exit_codes(stack, "worker-io", "worker-default") == [0, 0]
    ended = stack.ended(run.id)

    assert [(call.status, call.attempt) for call in ended.tool_calls] == [
        *[("succeeded", 2)] * 3,
        *[("lost", 1)] * 2,
        *[("succeeded", 1)] * 2,
    ]
    assert [call.error.code for call in ended.tool_calls if call.error] == ["worker_stopped"] * 2
