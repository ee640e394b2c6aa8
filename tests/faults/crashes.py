"""One process killed at one failpoint in the middle of a run, and what must hold afterwards."""

import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from httpx2 import HTTPError, Response
from pydantic import JsonValue

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.schemas.run import RunObject
from tests.acceptance import checks
from tests.acceptance.ledger import Execution
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty, toolchord

#: A process of a pool: its worker lives on, and replaces it.
CHILD = "pool process"

#: Toolchords that are crashed at the same time. Most of a recovery is waiting for a lease to end.
_LANES = 4
#: A tool that is not stopped runs longer than any recovery may take.
LONG_S = 30.0


@dataclass(frozen=True)
class Way:
    """A run, and when and by what its process is killed."""

    calls: tuple[ScriptedCall, ...]
    fields: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    model_latency_s: float = 0.0
    #: Armed when so many tools have begun; before the run is posted when none needs to have.
    after: int = 0
    cancel: bool = False
    #: A process that stands still until the other is killed.
    frozen: str | None = None
    #: A process that is told to stop.
    stopped: str | None = None
    status: str = "completed"
    #: Of the calls; of all of them where there is one.
    outcomes: tuple[str, ...] = ("succeeded",)

    @property
    def call_statuses(self) -> list[str]:
        """How the calls end."""
        return list(self.outcomes * (len(self.calls) // len(self.outcomes)))

    @property
    def replies(self) -> tuple[Reply, Reply]:
        return asking(*self.calls, latency_s=self.model_latency_s), Reply(content="Done.")


@dataclass(frozen=True)
class Crash:
    """A way of a run, a failpoint on it, and who dies there."""

    failpoint: str
    victim: str
    way: Way
    passes: int = 0
    note: str = ""

    @property
    def id(self) -> str:
        at = f"{self.failpoint}+{self.passes}" if self.passes else self.failpoint
        return f"{at} {self.note}".strip()


class Recovery(NamedTuple):
    """What came of a crash."""

    seconds: float
    run: RunObject
    executions: tuple[Execution, ...]
    victims: frozenset[str]
    #: Requests that the model received.
    asked: int


def lingering(tool: str, *labels: str, seconds: float = 0.3) -> tuple[ScriptedCall, ...]:
    """Calls of a tool that may be run again."""
    return tuple(ScriptedCall.of(tool, label=label, seconds=seconds) for label in labels)


_MIXED = (*lingering("linger", "a", "b"), *lingering("linger_in_process", "c", "d"))
_WINDOW: Mapping[str, JsonValue] = {"max_parallel_tool_calls": 2}
LONG = (*lingering("linger", "a", seconds=LONG_S), *lingering("linger_in_process", "b", seconds=LONG_S))

PLAIN = Way(_MIXED, _WINDOW)
SLOWLY_ASKED = Way(_MIXED, _WINDOW, model_latency_s=4.0)
#: There is always something to note soon.
NOTED = Way(lingering("linger", "a", "b", "c", "d", "e", seconds=2.0), {"max_parallel_tool_calls": 1})
WHILE_RUNNING = Way((*lingering("linger", "a", seconds=2.0), *lingering("linger_in_process", "b", seconds=2.0)), after=2)
#: One result lies there while the other is awaited, so that the watcher has something to ring for.
HARVESTED = Way((*lingering("linger", "a"), *lingering("linger_in_process", "b", seconds=9.0)))
RETRIED = Way((ScriptedCall.of("stumble", label="a"), *lingering("linger", "b")))
DYING = Way((ScriptedCall.of("die_once"), *lingering("linger", "a")))
TURN_LATE = Way(LONG, {"turn_deadline_s": 2}, outcomes=("timed_out",))
FAILS_FAST = Way((ScriptedCall.of("fail", way="error"), *LONG), {"fail_fast": True}, outcomes=("failed", "cancelled", "cancelled"))
CANCELLED = Way(LONG, after=2, cancel=True, status="cancelled", outcomes=("cancelled",))
#: Nobody but the watcher sees the deadline pass.
LATE = Way(LONG, {"deadline_s": 4}, after=2, frozen="coordinator", status="incomplete", outcomes=("timed_out",))
#: What a stopping worker runs is handed back at once, and run by its successor.
HANDED_BACK = Way(lingering("linger", "a", "b", seconds=4.0), after=2, stopped="worker-io")
#: A coordinator that starts says what it can ask.
STARTED_AGAIN = Way(
    (*lingering("linger", "a", seconds=2.0), *lingering("linger_in_process", "b", seconds=2.0)), after=2, stopped="coordinator"
)
STEP_HANDED_BACK = Way(_MIXED, _WINDOW, model_latency_s=4.0, stopped="coordinator")


def on(tool: str) -> Way:
    """Calls of one tool only, more than its window holds."""
    return Way(lingering(tool, "a", "b", "c", "d"), _WINDOW)


def begun(tool: str) -> Way:
    """The same, hit when the first of them run and the coordinator has done with its message."""
    return Way(lingering(tool, "a", "b", "c", "d", seconds=2.0), _WINDOW, after=2)


def long(tool: str) -> Way:
    """Calls that last for several refreshes of their leases."""
    return Way(lingering(tool, "a", "b", seconds=6.0))


def crash(faulty: Faulty, case: Crash) -> Recovery:
    """Kills the process and gives what came of the run, with everything checked that holds for every run."""
    faulty.quiet()
    before = faulty.pids()
    arm = lambda: faulty.arm(case.failpoint, case.passes)  # noqa: E731 - armed early or late
    if not case.way.after:
        arm()
    run = _post(faulty, case.way)
    if case.way.after:
        faulty.began(run.id, case.way.after)
        arm()
    if case.way.frozen:
        faulty.kill(case.way.frozen, signal.SIGSTOP)
    if case.way.stopped:
        _stop(faulty, case.way.stopped, run)
    if case.way.cancel:
        _again_and_again(faulty, lambda: faulty.api.post(f"/v1/runs/{run.id}/cancel"))
    faulty.until(lambda: not faulty.is_armed(case.failpoint))
    # The folder changes when the failpoint's file is removed, just before the kill.
    killed_at = faulty.failpoints.stat().st_mtime
    if case.way.frozen:
        faulty.kill(case.way.frozen, signal.SIGCONT)
    ended = faulty.ended(run.id)
    took_s = time.time() - killed_at
    requests = faulty.model_requests()[ended.model]
    checks.assert_model_saw_all(ended, requests)
    faulty.until(lambda: all(execution.ended or _is_dead(execution.began.pid) for execution in faulty.executions(run.id)))
    faulty.whole()
    victims = frozenset(name for name, pid in faulty.pids().items() if before[name] != pid)
    return Recovery(max(0.0, took_s), ended, tuple(faulty.executions(run.id)), victims, len(requests))


def _stop(faulty: Faulty, name: str, run: RunObject) -> None:
    """Tells a process to stop while it is at the run."""
    faulty.until(lambda: faulty.read(run.id).status == "in_progress")
    os.kill(faulty.pids(name)[name], signal.SIGTERM)


def _is_dead(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def _post(faulty: Faulty, way: Way) -> RunObject:
    """A run of its own, posted under one key until there is an answer."""
    key = uuid.uuid4().hex
    body = {
        "messages": [{"role": "user", "content": "Go on."}],
        "tools": sorted({call.name for call in way.calls}),
        "model": faulty.model(*way.replies),
        "metadata": {"crash": key},
        **way.fields,
    }
    posted = _again_and_again(faulty, lambda: faulty.api.post("/v1/runs", json=body, headers={"Idempotency-Key": key}))
    listed = _again_and_again(faulty, lambda: faulty.api.get("/v1/runs", params={"metadata[crash]": key}))
    [only] = listed.json()["data"]
    assert only["id"] == posted.json()["id"]
    return RunObject.model_validate_json(posted.content)


def _again_and_again(faulty: Faulty, ask: Callable[[], Response]) -> Response:
    answers: list[Response] = []

    def answered() -> bool:
        with suppress(HTTPError):
            answers.append(ask())
        return bool(answers) and answers[-1].is_success

    faulty.until(answered)
    return answers[-1]


class Lanes:
    """Crashes on several Toolchords at once, one crash at a time on each."""

    def __init__(self, folder: Path, cases: Iterable[Crash]) -> None:
        self._folder = folder
        # Several tests may look at one crash.
        distinct = {case.id: case for case in cases}
        self._futures = {name: Future[Recovery]() for name in distinct}
        self._cases: queue.SimpleQueue[Crash] = queue.SimpleQueue()
        for case in distinct.values():
            self._cases.put(case)
        lanes = min(_LANES, len(self._futures))
        self._threads = [threading.Thread(target=self._drive, args=(folder / str(number),)) for number in range(lanes)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Drops what was not begun, and waits for the rest."""
        while self._next() is not None:
            pass
        for thread in self._threads:
            thread.join()

    def recovery(self, case: Crash) -> Recovery:
        """Waits for it. Raises what went wrong."""
        return self._futures[case.id].result()

    def _next(self) -> Crash | None:
        with suppress(queue.Empty):
            return self._cases.get_nowait()
        return None

    def _drive(self, folder: Path) -> None:
        folder.mkdir()
        try:
            with toolchord(folder, TOOLCHORD_STOP_GRACE_S="1") as faulty:
                while case := self._next():
                    self._try(faulty, case)
        except BaseException as error:  # noqa: BLE001 - those who wait learn why there is no Toolchord
            while case := self._next():
                self._futures[case.id].set_exception(error)

    def _try(self, faulty: Faulty, case: Crash) -> None:
        try:
            self._futures[case.id].set_result(crash(faulty, case))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is waited for
            (faulty.failpoints / case.failpoint).unlink(missing_ok=True)
            self._futures[case.id].set_exception(error)
