"""Whatever is killed in mid-run, the run ends, and nothing is answered twice."""

import pytest

from orchestrator.llm.scripted import Reply, ScriptedCall
from tasks.names import TURNS_QUEUE
from tests.acceptance.local import asking
from tests.acceptance.waiting import until
from tests.faults.conftest import Faulty

_ANSWER = Reply(content="Done.")
_SIBLING = ScriptedCall.of("doze", label="sibling", seconds=0.1)


@pytest.mark.timeout(180)
def test_a_killed_workers_calls_are_run_again_or_answered_lost(faulty: Faulty) -> None:
    """An idempotent call is run again by the worker's successor under the same key; of another the model is told that
    nobody knows whether it took effect. A sibling on another worker keeps its result."""
    calls = [ScriptedCall.of("linger", label="a", seconds=3), ScriptedCall.of("nap", label="b", seconds=3), _SIBLING]
    run = faulty.start(asking(*calls), _ANSWER, tools=["linger", "nap", "doze"])
    faulty.began(run.id, 3)
    faulty.kill("worker-io")

    again, lost, sibling = faulty.ended(run.id).tool_calls

    assert (again.status, again.content, again.attempt) == ("succeeded", "linger a", 2)
    assert (lost.status, lost.attempt) == ("lost", 1)
    assert (sibling.status, sibling.attempt) == ("succeeded", 1)


@pytest.mark.timeout(180)
def test_a_killed_coordinators_model_call_is_made_again_and_recorded_once(faulty: Faulty) -> None:
    """The step's lease ends, and the coordinator's successor claims it."""
    run = faulty.start(Reply(content="Slowly.", latency_s=3), tools=[])
    faulty.until(lambda: faulty.read(run.id).status == "in_progress")
    faulty.kill("coordinator")

    ended = faulty.ended(run.id)

    assert (ended.status, ended.output) == ("completed", "Slowly.")
    assert len(ended.turns) == 1


@pytest.mark.timeout(180)
def test_a_run_outlives_a_killed_postgres(faulty: Faulty) -> None:
    """What was committed is there when Postgres is back, and what was not is done again."""
    run = faulty.start(asking(ScriptedCall.of("linger", label="a", seconds=2), _SIBLING), _ANSWER, tools=["linger", "doze"])
    faulty.began(run.id, 2)
    faulty.kill("postgres")
    faulty.until(lambda: faulty.api.get(f"/v1/runs/{run.id}").is_success)

    assert faulty.ended(run.id).status == "completed"


@pytest.mark.timeout(180)
def test_a_turn_whose_callback_is_lost_is_gathered_without_it(faulty: Faulty) -> None:
    """The chord is the fast path only: with its callback stolen the results are fetched all the same."""
    run = faulty.start(asking(ScriptedCall.of("nap", label="a", seconds=0.5)), _ANSWER, tools=["nap"])
    faulty.began(run.id, 1)
    faulty.kill("coordinator")
    with faulty.redis as redis:
        until(lambda: redis.llen(TURNS_QUEUE) or None, lambda: None, what="the callback")
        redis.delete(TURNS_QUEUE)

    assert faulty.ended(run.id).status == "completed"


@pytest.mark.timeout(180)
def test_a_cancel_stops_the_tools_that_run(faulty: Faulty) -> None:
    """The tool of either pool is interrupted long before it would have ended."""
    calls = [ScriptedCall.of("nap", label="a", seconds=25), ScriptedCall.of("doze", label="b", seconds=25)]
    run = faulty.start(asking(*calls), _ANSWER, tools=["nap", "doze"])
    faulty.began(run.id, 2)
    faulty.api.post(f"/v1/runs/{run.id}/cancel").raise_for_status()

    faulty.until(lambda: all(execution.ended for execution in faulty.executions(run.id)))

    assert [call.status for call in faulty.ended(run.id).tool_calls] == ["cancelled", "cancelled"]
    for execution in faulty.executions(run.id):
        assert execution.ended
        assert execution.ended.at - execution.began.at < 20
