"""At every edge of a run's way a process is killed, one at a time, and the run goes on as if it had not been."""

import ast
from collections import Counter
from collections.abc import Callable, Generator, Iterator

import pytest

from tasks.failpoints import FAILPOINTS
from tests.acceptance.conftest import ROOT
from tests.faults import crashes
from tests.faults.conftest import RECOVERY, VICTIM
from tests.faults.crashes import CHILD, Crash, Lanes, Way

_IO, _DEFAULT = "worker-io", "worker-default"
#: The tool of each worker; the second's run in processes of its pool.
_TOOLS = {_IO: "linger", _DEFAULT: "linger_in_process"}
_PASSED_BY_POOL = (
    "call.received",
    "call.claimed",
    "call.ran",
    "call.put",
    "chord.grown",
    "call.passed",
    "part.counting",
    "body.publishing",
    "body.published",
    "part.counted",
)
#: A reply that was not recorded when its coordinator died is asked for again; no other is.
_ASKED_AGAIN = ("step.renewed", "step.returning", "step.returned", "model.asked", "reply.recording")


def _all(victim: str, way: Way, *failpoints: str, passes: int = 0, note: str = "") -> list[Crash]:
    return [Crash(failpoint, victim, way, passes, note) for failpoint in failpoints]


def _on(worker: str) -> Iterator[Crash]:
    tool = _TOOLS[worker]
    runs_it = CHILD if worker == _DEFAULT else worker
    yield from _all(runs_it, crashes.on(tool), *_PASSED_BY_POOL, note=worker)
    yield from _all(runs_it, crashes.long(tool), "lease.refreshed", note=worker)
    yield from _all(worker, crashes.begun(tool), "message.taken", "message.done", "message.acknowledged", note=worker)


CASES = (
    *_all("api", crashes.PLAIN, "run.accepting", "run.accepted", "run.rung", "doorbell.published"),
    *_all("api", crashes.CANCELLED, "run.cancelling", "run.cancelled", "calls.closed", note="cancel"),
    *_all("coordinator", crashes.PLAIN, "message.taken", "step.rung", "step.claiming", "step.claimed"),
    *_all("coordinator", crashes.SLOWLY_ASKED, "step.renewed"),
    *_all("coordinator", crashes.PLAIN, "model.asked", "reply.recording", "reply.recorded"),
    *_all("coordinator", crashes.PLAIN, "calls.granted", "call.published", "calls.published", "calls.noting", "calls.noted"),
    *_all("coordinator", crashes.PLAIN, "message.done", "message.acknowledged"),
    *_all("coordinator", crashes.PLAIN, "turn.rung", "turn.asked", "turn.gathering", "turn.gathered", "turn.forgotten"),
    *_all("coordinator", crashes.PLAIN, "step.claimed", "model.asked", "reply.recording", "reply.recorded", passes=1, note="final"),
    *_all("coordinator", crashes.RETRIED, "turn.gathering", "turn.gathered", note="retry"),
    *_all("coordinator", crashes.RETRIED, "calls.granted", "calls.published", "calls.noting", "calls.noted", passes=1, note="retry"),
    *_all("coordinator", crashes.TURN_LATE, "turn.gathering", "turn.gathered", note="turn deadline"),
    *_all("coordinator", crashes.FAILS_FAST, "turn.gathered", "calls.closed", note="fail fast"),
    *_all("coordinator", crashes.STEP_HANDED_BACK, "step.returning", "step.returned", note="stopping"),
    *_all("coordinator", crashes.STARTED_AGAIN, "providers.telling", "providers.told", note="started again"),
    *_all(_IO, crashes.HANDED_BACK, "call.returned", "doorbell.published", note="stopping"),
    *_on(_IO),
    *_on(_DEFAULT),
    *_all(_DEFAULT, crashes.DYING, "child.lost", "child.answered"),
    *_all("watcher", crashes.NOTED, "watcher.noting", "watcher.noted"),
    *_all("watcher", crashes.HARVESTED, "watcher.rung"),
    *_all("watcher", crashes.WHILE_RUNNING, "watcher.led", "catalogue.keeping", "catalogue.kept"),
    *_all("watcher", crashes.LATE, "run.expiring", "run.expired", "calls.closed", note="deadline"),
)


def _reached() -> Counter[str]:
    """How often the code reaches each failpoint."""
    files = [path for package in ("orchestrator", "tasks", "workers") for path in (ROOT / package).rglob("*.py")]
    calls = [node for path in files for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "reach"]
    assert all(isinstance(name, ast.Constant) for name in names)
    return Counter(str(name.value) for name in names if isinstance(name, ast.Constant))


def test_every_failpoint_is_one_place_in_the_code() -> None:
    """The table tells of each, and of no other."""
    assert _reached() == Counter(FAILPOINTS.keys())


def test_every_failpoint_kills_a_process_here() -> None:
    """One that is added to the table is added to the cases below."""
    assert {case.failpoint for case in CASES} == FAILPOINTS.keys()


@pytest.fixture(scope="module")
def lanes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Lanes]:
    """The crashes of this session's tests, under way."""
    lanes = Lanes(tmp_path_factory.mktemp("crashes"), [case for item in request.session.items if (case := _case(item))])
    lanes.start()
    yield lanes
    lanes.join()


def _case(item: pytest.Item) -> Crash | None:
    params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    case = params.get("case")
    return case if isinstance(case, Crash) else None


@pytest.mark.timeout(300)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_run_outlives_a_crash(lanes: Lanes, case: Crash, record_property: Callable[[str, object], None]) -> None:
    """It ends as it would have ended, every call is answered once, and no reply that was recorded is asked for again."""
    recovery = lanes.recovery(case)

    record_property(RECOVERY, f"{recovery.seconds:.1f}")
    record_property(VICTIM, case.victim)
    assert recovery.victims == {case.victim} - {CHILD}
    assert recovery.run.status == case.way.status
    assert [call.status for call in recovery.run.tool_calls] == case.way.call_statuses
    assert recovery.asked == len(recovery.run.turns) + (case.failpoint in _ASKED_AGAIN)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("case", [case for case in CASES if crashes.LONG[0] in case.way.calls], ids=lambda case: case.id)
def test_tools_that_nobody_waits_for_are_stopped_in_spite_of_a_crash(lanes: Lanes, case: Crash) -> None:
    """They end long before they would have ended by themselves."""
    times = [execution.ended.at - execution.began.at for execution in lanes.recovery(case).executions if execution.ended]

    assert len(times) == len(case.way.calls)
    assert max(times) < crashes.LONG_S - 5
