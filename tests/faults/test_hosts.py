"""Hosts that are cut off, freeze or vanish with calls on them: no call is run by two at once, none is waited for in vain.

Each fault happens to a host of its own, all at the same time, and one more host takes over.
"""

import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.processes.child import Child
from orchestrator.processes.ports import LOOPBACK
from orchestrator.schemas.run import RunObject
from orchestrator.store.runs import OPEN
from tasks.names import STALE_RESULTS_KEY
from tests.acceptance.conftest import ROOT, clean_environ
from tests.acceptance.ledger import VARIABLE, Execution
from tests.acceptance.local import asking
from tests.faults.conftest import RECOVERY, VICTIM, Faulty, toolchord
from tests.faults.faketime import library
from tests.faults.far_tools import HOSTS, default_queue, io_queue, life_sign
from tests.faults.hosts import Host, Network, NoNetworkError

pytestmark = pytest.mark.timeout(300)

#: What is called on each host.
_CALLED: Final = {
    "silent": ("hold", "spend", "grind"),
    "mute": ("grind", "insist"),
    "deaf": ("hold",),
    "frozen": ("hold", "spend"),
    "vanished": ("hold", "spend"),
}
_CUT_OFF: Final = ("silent", "mute", "deaf")
_SURVIVING: Final = (*_CUT_OFF, "frozen")
#: The host that takes over.
_OTHER: Final = "other"
#: How long hosts are cut off, of which one is healed early: longer than a worker tries to hand over what it has.
_CUT_S: Final = 30.0
#: Far beyond the 21 s after which a silent connection to Redis is given up.
_BACK_S: Final = 60.0
#: Longer than the time after which Redis hands out again what was not acknowledged.
_AHEAD: Final = "+5h"


class Far:
    """A Toolchord whose workers are on hosts of their own."""

    def __init__(self, faulty: Faulty, network: Network, folder: Path) -> None:
        self.faulty = faulty
        self.network = network
        self.folder = folder
        self._children: list[Child] = []

    def start(self, host: Host, queues: Sequence[str], pool: str, **environ: str) -> Child:
        """Starts a worker on a host."""
        mine = {
            "PYTHONPATH": str(ROOT),
            "TOOLCHORD_TOOLS": "tests.faults.far_tools",
            "REDIS_URL": self.faulty.stack.redis_url.replace(LOOPBACK, self.network.address),
            VARIABLE: str(self.folder / "ledger"),
        }
        child = Child(host.worker(",".join(queues), pool, clean_environ() | mine | environ, self.folder))
        self._children.append(child)
        child.start()
        return child

    def offered(self) -> set[str]:
        """The tools that new runs may name."""
        listed = self.faulty.api.get("/v1/tools").raise_for_status().json()["data"]
        return {tool["name"] for tool in listed}

    def ask(self, name: str, gate: Path) -> str:
        """Starts a run that calls the host's tools, whose first attempts wait until the file is there."""
        tools = _tools(name)
        calls = (ScriptedCall.of(tool, gate=str(gate)) for tool in tools)
        return self.faulty.start(asking(*calls), Reply(content="Done."), tools=tools).id

    @property
    def never(self) -> Path:
        """A file that is never there."""
        return self.folder / "never"

    def close(self) -> None:
        for child in self._children:
            child.kill()


@dataclass
class Story:
    """What happened to one host, and to the run whose calls it had."""

    host: Host
    workers: Sequence[Child]
    run_id: str = ""
    ended: RunObject | None = None
    healed: bool = False
    #: A run for which nobody else was there when the host was healed, and the seconds until it ended.
    later: RunObject | None = None
    back_s: float = 0.0

    @property
    def log(self) -> str:
        return "".join(worker.spec.log.read_text() for worker in self.workers)

    def hurt(self) -> None:
        """Lets the host's fault begin."""
        match self.host.name:
            case "silent":
                self.host.cut()
            case "mute":
                self.host.cut(inward=False)
            case "deaf":
                self.host.cut(outward=False)
            case "frozen":
                self.host.signal(signal.SIGSTOP)
            case _:
                self.host.cut()
                self.host.signal(signal.SIGKILL)

    def heal(self) -> None:
        """Lets it end."""
        self.host.heal()
        self.host.signal(signal.SIGCONT)
        self.healed = True


class Course:
    """Calls on every host, a fault for each, a host that takes over, the faults' end, new calls."""

    def __init__(self, far: Far) -> None:
        self._far = far
        self.stories = {name: self._story(name) for name in HOSTS}

    def play(self) -> None:
        faulty, stories = self._far.faulty, self.stories
        wanted = {tool for name in HOSTS for tool in _tools(name)}
        faulty.until(lambda: wanted <= self._far.offered())
        for name, story in stories.items():
            story.run_id = self._far.ask(name, self._far.never)
        for name, story in stories.items():
            faulty.began(story.run_id, len(_CALLED[name]))
            story.hurt()
        hurt_at = time.monotonic()
        others = self._others()
        faulty.until(self._is_over)
        for worker in others:
            worker.ask_to_stop()
        for worker in others:
            faulty.until(partial(_has_ended, worker))
        faulty.until(lambda: time.monotonic() > hurt_at + _CUT_S)
        self._heal([stories[name] for name in _SURVIVING])

    def _story(self, name: str) -> Story:
        host, called = self._far.network.host(name), _CALLED[name]
        workers: list[Child] = []
        if "grind" in called:
            workers.append(self._far.start(host, [default_queue(name)], "prefork"))
        if "hold" in called:
            workers.append(self._far.start(host, [io_queue(name)], "threads"))
        return Story(host, workers)

    def _others(self) -> list[Child]:
        host = self._far.network.host(_OTHER)
        served = {"threads": [io_queue(name) for name in HOSTS], "prefork": [default_queue(name) for name in HOSTS]}
        return [self._far.start(host, queues, pool) for pool, queues in served.items()]

    def _is_over(self) -> bool:
        """Whether every run has ended. One host is healed before, when its calls are run by the other: its zombies then
        hand over what they have."""
        silent = self.stories["silent"]
        if not silent.healed and len(_attempts(self._far.faulty.executions(silent.run_id), 2)) == 2:
            silent.heal()
        for story in self.stories.values():
            if story.ended is None and self._far.faulty.read(story.run_id).status not in OPEN:
                story.ended = self._far.faulty.ended(story.run_id)
        return all(story.ended for story in self.stories.values())

    def _heal(self, stories: Sequence[Story]) -> None:
        began = time.monotonic()
        for story in stories:
            story.heal()
        waiting = {self._far.ask(story.host.name, self._far.folder): story for story in stories}

        def have_ended() -> bool:
            for run_id, story in waiting.items():
                if story.later is None and self._far.faulty.read(run_id).status not in OPEN:
                    story.later, story.back_s = self._far.faulty.ended(run_id), time.monotonic() - began
            return all(story.later for story in stories)

        self._far.faulty.until(have_ended)


def _tools(name: str) -> list[str]:
    return [f"{tool}_{name}" for tool in _CALLED[name]]


def _attempts(executions: Sequence[Execution], attempt: int) -> dict[str, Execution]:
    """The executions of this attempt, by their call."""
    return {found.began.call_id: found for found in executions if found.began.attempt == attempt}


def _last_alive(far: Far, execution: Execution) -> float:
    """When the execution was seen last, by the one clock of all hosts."""
    if execution.ended is not None:
        return execution.ended.at
    return float(life_sign(str(far.never), execution.began.call_id).read_text())


def _has_ended(child: Child) -> bool:
    return not child.running


@contextmanager
def _reached(folder: Path) -> Generator[Far]:
    with Network() as network, toolchord(folder) as faulty:
        with faulty.redis as redis:
            redis.execute_command("CONFIG", "SET", "bind", f"{LOOPBACK} {network.address}")  # pyright: ignore[reportUnknownMemberType] - not typed
        far = Far(faulty, network, folder)
        try:
            yield far
        finally:
            far.close()


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Generator[Far]:
    """A Toolchord that hosts can reach."""
    try:
        with _reached(tmp_path_factory.mktemp("hosts")) as far:
            yield far
    except NoNetworkError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def stories(far: Far) -> dict[str, Story]:
    """All that happened to the hosts, by their names."""
    course = Course(far)
    course.play()
    return course.stories


@pytest.mark.parametrize("name", HOSTS)
def test_another_host_answers_for_one_that_is_gone(stories: dict[str, Story], name: str) -> None:
    """While the host is still cut off, frozen or dead: what may be run again has a second attempt, of the rest the model is
    told that nobody knows."""
    run = stories[name].ended

    assert run is not None
    assert run.status == "completed"
    for call in run.tool_calls:
        if call.name.startswith("spend"):
            assert (call.status, call.attempt) == ("lost", 1)
        else:
            assert (call.status, call.content, call.attempt) == ("succeeded", "attempt 2", 2)
            assert (call.worker or "").endswith(f"@{_OTHER}")


@pytest.mark.parametrize("name", _CUT_OFF)
def test_a_host_that_is_cut_off_stops_its_tools_before_others_begin(far: Far, stories: dict[str, Story], name: str) -> None:
    """Whether it cannot be heard, cannot hear, or both: two attempts of one call never run at once."""
    executions = far.faulty.executions(stories[name].run_id)
    first, second = _attempts(executions, 1), _attempts(executions, 2)

    assert len(first) == len(_CALLED[name])
    assert second
    for call, again in second.items():
        assert _last_alive(far, first[call]) <= again.began.at


@pytest.mark.parametrize("name", _SURVIVING)
def test_what_a_zombie_says_is_not_heard(far: Far, stories: dict[str, Story], name: str) -> None:
    """What it answers when it is back is counted, and the run stays as it was."""
    story = stories[name]

    assert far.faulty.read(story.run_id) == story.ended
    if name == "frozen":
        with far.faulty.redis as redis:
            assert int(str(redis.get(STALE_RESULTS_KEY))) >= story.log.count("stale_result") == len(_CALLED[name])


@pytest.mark.parametrize("name", _SURVIVING)
def test_l15_a_host_that_is_healed_takes_new_work(
    stories: dict[str, Story], name: str, record_property: Callable[[str, object], None]
) -> None:
    """L15: a partition of 30 s lost nothing, and 23 s after it the worker consumed again. Here nobody starts it anew either."""
    later = stories[name].later

    assert later is not None
    assert [(call.status, call.content) for call in later.tool_calls] == [
        ("succeeded", f"attempt {call.attempt}") for call in later.tool_calls
    ]
    assert all((call.worker or "").endswith(f"@{name}") for call in later.tool_calls)
    assert stories[name].back_s < _BACK_S
    record_property(RECOVERY, f"{stories[name].back_s:.1f}")
    record_property(VICTIM, name)


def test_l11_a_host_whose_clock_is_ahead_runs_nothing_twice(far: Far, stories: dict[str, Story], tmp_path: Path) -> None:
    """L11: Redis is made to hand out a call that runs elsewhere, by the clock of a worker that is hours ahead. The call was
    granted once, so whichever worker is handed it leaves it alone."""
    library = _faketime()
    gate, name = tmp_path / "gate", "deaf"
    run_id = far.ask(name, gate)
    far.faulty.began(run_id, 1)
    host = far.network.host("ahead")
    clock = {"LD_PRELOAD": library, "FAKETIME": _AHEAD, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    ahead = far.start(host, [io_queue(name)], "threads", **clock)
    far.faulty.until(lambda: "call_not_granted" in stories[name].log + ahead.spec.log.read_text())
    gate.touch()

    (call,) = far.faulty.ended(run_id).tool_calls

    assert (call.status, call.attempt, call.worker) == ("succeeded", 1, f"threads@{name}")
    assert len(far.faulty.executions(run_id)) == 1


def _faketime() -> str:
    """The library that moves a process's clock."""
    found = library()
    if found is None:
        pytest.skip("libfaketime is not installed")
    return str(found)
