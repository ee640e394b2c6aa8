"""What Celery, Redis and their chord do when something goes wrong, each finding by its number, and what holds here all the same.

| number | finding | shown by |
|---|---|---|
| L1 | a message is popped before it is noted: with its worker it is gone | test_l1 |
| L2 | a redelivered part of a chord counts twice, so the callback comes with a part missing | test_l2 |
| L2c | a part whose value is always the same counts once | test_l2c |
| L2d | a redelivered callback runs twice | test_l2d |
| L3 | a task that a worker does not know is dropped | test_poison.py |
| L4 | an emptied Redis forgets the chord | test_l4 |
| L5a | a killed pool process fails the whole chord | test_l5a |
| L5b | with reject_on_worker_lost a task that kills its process runs without end | test_l5b |
| L6 | a hard time limit calls the errback twice | test_l6 |
| L6b | only prefork keeps time limits | test_l6b |
| L7 | a value that is no JSON fails the whole chord | test_l7 |
| L8 | workers must find a restarted Redis again | test_l8 |
| L9 | a hung Redis holds up whoever publishes | test_l9 |
| L10 | some malformed elements of a queue kill whoever reads them | test_poison.py |
| L11 | a clock that is ahead redelivers what runs | test_hosts.py |
| L12 | a full Redis ends workers | test_l12 |
| L13 | a worker that is stopped too fast leaves its call to the visibility timeout | test_stopping.py |
| L14 | with deduplication a part that was not counted never is | test_l14 |
| L15 | a partition heals | test_hosts.py |
"""

import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.processes.child import Child, ProcessSpec
from orchestrator.schemas.run import RunObject
from tasks.app import finish_signature, make_app
from tasks.names import IO_QUEUE, RUN_ADVANCE, TURNS_QUEUE
from tests.acceptance import checks
from tests.acceptance.conftest import ROOT, clean_environ
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty
from tests.faults.far_tools import default_queue

pytestmark = pytest.mark.timeout(240)

_ANSWER: Final = Reply(content="Done.")
#: Tools of either pool that wait for a file.
_WAITING: Final = ("wait", "wait_in_process")
#: So long that a worker must stop its tools, and so short that their leases are there again when it is over.
_HANG_S: Final = 9.0
#: How much longer it may take to accept a run while Redis hangs: a request that waits for Redis takes more than a hundred times as long.
_SLOWER: Final = 30
#: Shorter than a lease.
_FULL_S: Final = 6.0


@pytest.fixture
def whole(faulty: Faulty) -> Faulty:
    """The Toolchord with every process running."""
    faulty.whole()
    return faulty


def test_l1_a_message_that_went_down_with_its_worker_is_sent_again(whole: Faulty, tmp_path: Path) -> None:
    """It was popped by a worker that never noted it. Nobody claimed the call, so the same attempt is published again, and
    while a sibling still runs."""
    gate = tmp_path / "gate"
    run_id = _swallowed(whole, ScriptedCall.of("nap", label="a", seconds=0.1), ScriptedCall.of("stay", gate=str(gate)))
    whole.kill("worker-io")
    whole.until(lambda: whole.read(run_id).tool_calls[0].status == "succeeded")
    gate.touch()

    assert [(call.status, call.attempt) for call in _well(whole, run_id).tool_calls] == [("succeeded", 1)] * 2


def _swallowed(faulty: Faulty, *calls: ScriptedCall) -> str:
    """A run whose first message a stopped worker has taken from its queue, without a trace in Redis. The worker must wait
    for a message at the moment in which it is stopped."""
    for _ in range(20):
        faulty.kill("worker-io", signal.SIGSTOP)
        run_id = faulty.start(asking(*calls), _ANSWER, tools=[call.name for call in calls]).id
        faulty.began(run_id, 1)
        with faulty.redis as redis:
            if not redis.llen(IO_QUEUE) and len(_unacknowledged(redis, run_id)) == 1:
                return run_id
        faulty.kill("worker-io", signal.SIGCONT)
        faulty.api.post(f"/v1/runs/{run_id}/cancel").raise_for_status()
    raise AssertionError("the worker never waited for a message when it was stopped")


def test_l2_a_part_that_is_redelivered_while_it_runs_does_not_answer_for_another(whole: Faulty, tmp_path: Path) -> None:
    """Redis hands out two running calls again, as after the visibility timeout. Their doubles return at once and are counted
    in their places, so the callback comes early: it finds that both still run."""
    gates = [tmp_path / name for name in ("first", "second")]
    calls = [ScriptedCall.of(tool, label="a", gate=str(gate)) for tool, gate in zip(_WAITING, gates, strict=True)]
    run = whole.start(asking(*calls, ScriptedCall.of("ping")), _ANSWER, tools=[*_WAITING, "ping"])
    whole.began(run.id, 3)
    with whole.redis as redis:
        whole.until(lambda: len(_unacknowledged(redis, run.id)) == len(calls))
        redis.zadd("unacked_index", dict.fromkeys(_unacknowledged(redis, run.id), 1), xx=True)
    whole.until(lambda: _refused(whole, run.id) == len(calls))
    for gate in gates:
        gate.touch()

    ended = _well(whole, run.id)

    assert [(call.status, call.content, call.attempt) for call in ended.tool_calls] == [
        ("succeeded", "wait a", 1),
        ("succeeded", "wait_in_process a", 1),
        ("succeeded", "pong", 1),
    ]
    assert len(whole.executions(run.id)) == 3


def test_l2c_a_part_that_is_delivered_again_counts_once(whole: Faulty, tmp_path: Path) -> None:
    """What a part returns is its task's id, whether it ran or was refused: the chord's set holds it once."""
    gates = [tmp_path / name for name in ("first", "second")]
    calls = [ScriptedCall.of(tool, label="a", gate=str(gate)) for tool, gate in zip(_WAITING, gates, strict=True)]
    run = whole.start(asking(*calls), _ANSWER, tools=_WAITING)
    whole.began(run.id, 2)
    with whole.redis as redis:
        whole.until(lambda: len(_unacknowledged(redis, run.id)) == len(calls))
        (message,) = [message for message in _unacknowledged(redis, run.id).values() if message["headers"]["id"] == f"{run.id}.1.0.1"]
        counted = f"celery-taskset-meta-{message['headers']['group']}.j"
        gates[0].touch()
        whole.until(lambda: redis.zcard(counted) == 1)
        redis.lpush(IO_QUEUE, json.dumps(message))
        whole.until(lambda: _refused(whole, run.id) == 1)

        assert redis.zcard(counted) == 1
    gates[1].touch()

    assert [call.attempt for call in _well(whole, run.id).tool_calls] == [1, 1]


def test_l2d_a_callback_that_is_redelivered_asks_the_model_once(whole: Faulty) -> None:
    """The step is claimed by its run's row: a double of the callback finds the step taken, also while the model answers."""
    run = whole.start(asking(ScriptedCall.of("ping")), Reply(content="Done.", latency_s=3), tools=["ping"])
    whole.until(lambda: len(whole.model_requests().get(run.model, ())) == 2)
    with make_app("toolchord.tests", whole.stack.redis_url) as app:
        for _ in range(5):
            finish_signature(app, run.id, 1).apply_async()
            app.send_task(RUN_ADVANCE, kwargs={"run_id": run.id}, queue=TURNS_QUEUE, ignore_result=True)

    assert len(_well(whole, run.id).turns) == 2


def test_l4_a_run_outlives_an_emptied_redis(whole: Faulty) -> None:
    """After a FLUSHALL nothing old can start, what can be run again is, and the run goes on."""
    calls = [ScriptedCall.of("linger", label="a", seconds=2), ScriptedCall.of("linger_in_process", label="b", seconds=2)]
    run = whole.start(asking(*calls), _ANSWER, tools=["linger", "linger_in_process"])
    whole.began(run.id, 2)
    with whole.redis as redis:
        redis.flushall()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed

    ended = whole.ended(run.id)

    assert ended.status == "completed"
    assert [call.content for call in ended.tool_calls] == ["linger a", "linger_in_process b"]


@pytest.fixture(scope="module")
def wrong(faulty: Faulty) -> Mapping[str, RunObject]:
    """Runs with a call that goes wrong in Celery's eyes, by that call's tool. They run at once."""
    faulty.whole()
    sibling = ScriptedCall.of("doze", label="sibling", seconds=0.1)
    bad = [
        ScriptedCall.of("die"),
        ScriptedCall.of("perish"),
        ScriptedCall.of("stubborn_doze", seconds=30),
        ScriptedCall.of("give", kind="object"),
        ScriptedCall.of("give_from_process", kind="object"),
    ]
    runs = {call.name: faulty.start(asking(call, sibling), _ANSWER, tools=[call.name, "doze"]) for call in bad}
    return {name: _well(faulty, run.id) for name, run in runs.items()}


@pytest.mark.parametrize(
    ("tool", "status", "code", "attempt"),
    [
        pytest.param("die", "lost", "outcome_unknown", 1, id="l5a_the_pool_process_is_killed"),
        pytest.param("perish", "lost", "outcome_unknown", 3, id="l5b_the_pool_process_is_killed_each_time"),
        pytest.param("stubborn_doze", "timed_out", "timed_out", 1, id="l6_the_hard_time_limit"),
        pytest.param("give", "failed", "unserialisable_result", 1, id="l7_no_json"),
        pytest.param("give_from_process", "failed", "unserialisable_result", 1, id="l7_no_json_from_a_process"),
    ],
)
def test_what_fails_a_chord_is_the_answer_of_one_call(
    faulty: Faulty, wrong: Mapping[str, RunObject], tool: str, status: str, code: str, attempt: int
) -> None:
    """L5a, L5b, L6, L7: Celery fails the chord as a whole, may call the errback twice, and runs what kills its process for
    ever. Here its siblings keep their results, attempts are bounded, and the model is asked once."""
    call, sibling = wrong[tool].tool_calls

    assert (call.status, call.error and call.error.code, call.attempt) == (status, code, attempt)
    assert (sibling.status, sibling.content, sibling.attempt) == ("succeeded", "doze sibling", 1)
    begun = [execution.began.attempt for execution in faulty.executions(wrong[tool].id) if execution.began.tool == tool]
    assert sorted(begun) == list(range(1, attempt + 1))


def test_l6b_a_tool_whose_time_its_pool_cannot_keep_is_not_offered(whole: Faulty, tmp_path: Path) -> None:
    """Its worker says so, and a run that names it is refused."""
    workers = [_worker(whole, tmp_path, pool) for pool in ("solo", "threads")]
    try:
        for worker in workers:
            whole.until(lambda log=worker.spec.log: "ready." in log.read_text())
            assert '"tool": "grind_silent"' in worker.spec.log.read_text()
        refused = whole.post("any", ["grind_silent"])
    finally:
        for worker in workers:
            worker.kill()

    assert refused.status_code == 422
    assert "No worker has announced a tool named 'grind_silent'" in refused.text


def _worker(faulty: Faulty, folder: Path, pool: str) -> Child:
    """A worker of a queue of its own, whose tools are `def` functions."""
    command = (sys.executable, "-m", "celery", "-A", "workers.app", "worker", "-Q", default_queue("silent"), "-P", pool, "-c", "1")
    ours = {"PYTHONPATH": str(ROOT), "REDIS_URL": faulty.stack.redis_url, "TOOLCHORD_TOOLS": "tests.faults.far_tools"}
    environ = clean_environ() | ours
    log = folder / f"{pool}.log"
    child = Child(ProcessSpec(name=pool, role="tool worker", command=(*command, "-n", f"{pool}@%h"), environ=environ, log=log))
    child.start()
    return child


def test_l8_a_run_and_its_workers_outlive_a_killed_redis(whole: Faulty) -> None:
    """No process dies of a lost connection, and a tool that ends meanwhile hands its result over when Redis is back."""
    calls = [ScriptedCall.of("nap", label="a", seconds=3), ScriptedCall.of("doze", label="b", seconds=3)]
    run = whole.start(asking(*calls), _ANSWER, tools=["nap", "doze"])
    whole.began(run.id, 2)
    before = whole.pids("worker-io", "worker-default", "coordinator", "watcher", "api")
    whole.kill("redis")

    ended = whole.ended(run.id)

    assert [(call.status, call.attempt) for call in ended.tool_calls] == [("succeeded", 1), ("succeeded", 1)]
    assert whole.pids(*before) == before


def test_l9_runs_are_accepted_while_redis_hangs(whole: Faulty) -> None:
    """As fast as ever, and they start when it is back. Tools that run meanwhile are stopped before others may run them: who
    cannot tell that they hold a call has no answer for it."""
    calls = [ScriptedCall.of("linger", label="a", seconds=12), ScriptedCall.of("nap", label="b", seconds=12)]
    model = whole.model(_ANSWER)
    usual = [_accept(whole, model)[1] for _ in range(9)]
    run = whole.start(asking(*calls), _ANSWER, tools=["linger", "nap"])
    whole.began(run.id, 2)
    whole.kill("redis", signal.SIGSTOP)
    back_at = time.monotonic() + _HANG_S
    accepted: list[tuple[str, float]] = []
    while time.monotonic() < back_at:
        accepted.append(_accept(whole, model))
        time.sleep(0.3)
    whole.kill("redis", signal.SIGCONT)

    again, lost = whole.ended(run.id).tool_calls

    assert median(took for _, took in accepted) < _SLOWER * median(usual)
    assert len(accepted) > 3
    assert {whole.ended(run_id).status for run_id, _ in accepted} == {"completed"}
    assert (again.status, again.attempt) == ("succeeded", 2)
    assert (lost.status, lost.attempt) == ("lost", 1)


def _accept(faulty: Faulty, model: str) -> tuple[str, float]:
    """A run without tools, and the seconds until it was accepted."""
    asked_at = time.monotonic()
    answer = faulty.post(model)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"]), time.monotonic() - asked_at


def test_l12_a_run_outlives_a_full_redis(whole: Faulty) -> None:
    """Nothing can be written for some seconds: results wait, new runs are accepted, and no process dies of it."""
    before = whole.pids()
    calls = [ScriptedCall.of("nap", label="a", seconds=1), ScriptedCall.of("linger_in_process", label="b", seconds=1)]
    run = whole.start(asking(*calls), _ANSWER, tools=["nap", "linger_in_process"])
    whole.began(run.id, 2)
    with whole.redis as redis:
        redis.execute_command("CONFIG", "SET", "maxmemory", "1")  # pyright: ignore[reportUnknownMemberType] - not typed
        try:
            with pytest.raises(OutOfMemoryError):
                redis.set("any", "value")
            new_id, _ = _accept(whole, whole.model(_ANSWER))
            full_until = time.monotonic() + _FULL_S
            whole.until(lambda: time.monotonic() > full_until)
            assert whole.read(run.id).status == "in_progress"
        finally:
            redis.execute_command("CONFIG", "SET", "maxmemory", "0")  # pyright: ignore[reportUnknownMemberType] - not typed

    assert _well(whole, new_id).status == "completed"
    assert _well(whole, run.id).status == "completed"
    assert whole.pids() == before
    whole.whole()


@pytest.mark.parametrize("tool", ["linger", "linger_in_process"])
def test_l14_a_part_that_was_not_counted_does_not_hold_its_turn_up(whole: Faulty, tool: str) -> None:
    """Its worker is killed between the result and the count. The result is there, and the turn is gathered with it."""
    whole.arm("part.counting")
    run = whole.start(asking(ScriptedCall.of(tool, label="a", seconds=0.1)), _ANSWER, tools=[tool])

    (call,) = _well(whole, run.id).tool_calls

    assert (call.status, call.content, call.attempt) == ("succeeded", f"{tool} a", 1)
    assert not whole.is_armed("part.counting")
    assert len(whole.executions(run.id)) == 1


def _well(faulty: Faulty, run_id: str) -> RunObject:
    """The run after its end, of which the model was asked once for each turn and saw every answer."""
    ended = faulty.ended(run_id)
    assert (ended.status, ended.output) == ("completed", "Done.")
    requests = faulty.model_requests()[ended.model]
    checks.assert_model_saw_all(ended, requests)
    assert len(requests) == len(ended.turns)
    return ended


def _unacknowledged(redis: Redis, run_id: str) -> dict[str, Any]:
    """The messages of the run that workers have taken and not acknowledged, by their tags."""
    taken: dict[str, str] = redis.hgetall("unacked")  # pyright: ignore[reportAssignmentType] - answers are text
    return {tag: json.loads(entry)[0] for tag, entry in taken.items() if run_id in entry}


def _refused(faulty: Faulty, run_id: str) -> int:
    """How many messages of the run workers did not act upon."""
    lines = (line for log in faulty.logs().values() for line in log.splitlines())
    return sum("call_not_granted" in line and run_id in line for line in lines)
