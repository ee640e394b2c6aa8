"""How Celery 5.7.0 loses a chord on Redis, or runs its callback twice: each way by its number, and the run that does not care.

- H1 A pool process dies after its SUCCESS is stored, before its part is counted. Celery acknowledges the message: lost. Here no
  result of a part is stored, so the message comes back.
- H1' The same, and the message was acknowledged early: lost. Here the watcher fetches the results.
- H1'' The same with ignore_result: recovers. So is every call sent here.
- H2 A pool process dies with the claim of the body. Its message comes back to a live claim: lost. Here the watcher.
- H3 The whole worker dies there, and the message comes back before the claim ends: lost. Here the watcher.
- H3' The same, and it comes back later: recovers late. Here a late callback finds nothing to do.
- H4 The whole worker dies when the body is published, and the message comes back after the claim: the body runs twice. Here the
  second finds nothing to do.
- H4' The same, and it comes back before the claim ends: once.
- H5 SUCCESS is stored, and worker_deduplicate_successful_tasks is on: lost. Here it is off.
- H6 A whole worker dies before its part is counted: waits for the visibility timeout. Here, where that is four hours, the watcher.
- H7 FLUSHALL while the header runs: lost, silently. Here idempotent calls run again.
- H8 Redis dies and comes back empty: lost, silently. Here idempotent calls run again.
- H9 Redis dies and comes back with its data: completes.
- H10 Redis is down when a part ends: the body never runs. Here the result is put when Redis is back.
- H11 The chord's keys expire before its header ends: the body never runs. Here the watcher.
- H12 The publisher dies in the middle of the header: the body never runs. Here the watcher sends the rest.
"""

import json
import shutil
import time
from typing import Any, cast

import pytest
from celery import Celery
from redis import Redis

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.schemas.run import RunObject
from tasks.app import call_signature, make_app
from tasks.messages import CallMessage, Doorbell
from tasks.names import IO_QUEUE, CallKey
from tests.acceptance import checks
from tests.acceptance.local import asking
from tests.acceptance.waiting import until
from tests.faults.conftest import Faulty

_IO, _DEFAULT = "linger", "linger_in_process"
_CALLS = 3
#: How often the parts before the last pass a failpoint.
_LAST = _CALLS - 1
#: Who publishes a chord's body holds its claim; afterwards it says that all is done.
_CLAIMS = "celery-taskset-meta-*.c"

pytestmark = pytest.mark.timeout(180)


def _start(faulty: Faulty, tool: str, seconds: float = 0.5) -> RunObject:
    calls = [ScriptedCall.of(tool, label=str(index), seconds=seconds) for index in range(_CALLS)]
    return faulty.start(asking(*calls), Reply(content="Done."), tools=[tool])


def _begun(faulty: Faulty, tool: str, seconds: float = 2.0) -> RunObject:
    """A run all of whose tools run."""
    faulty.quiet()
    run = _start(faulty, tool, seconds)
    faulty.began(run.id, _CALLS)
    return run


def _killed(faulty: Faulty, tool: str, failpoint: str, passes: int = 0) -> RunObject:
    """A run of which a process has been killed at the failpoint. None was started in its place yet."""
    faulty.quiet()
    _forget(faulty, _CLAIMS)
    faulty.arm(failpoint, passes)
    run = _start(faulty, tool)
    _fallen(faulty, failpoint)
    return run


def _fallen(faulty: Faulty, failpoint: str) -> None:
    until(lambda: None if faulty.is_armed(failpoint) else True, lambda: None, what=f"the kill at {failpoint}")


def _until_published(faulty: Faulty) -> None:
    """Waits until a chord's part has published the body and dropped the chord's keys."""
    with faulty.redis as redis:
        faulty.until(lambda: any(redis.get(claim) == "done" for claim in _keys(redis, _CLAIMS)))


def _completed(faulty: Faulty, run: RunObject, attempt: int = 1) -> RunObject:
    """The run after its end: every call has succeeded, by this attempt at most, and the model was asked twice."""
    ended = faulty.ended(run.id)
    requests = faulty.model_requests()[ended.model]
    assert (ended.status, ended.output) == ("completed", "Done.")
    assert [call.status for call in ended.tool_calls] == ["succeeded"] * _CALLS
    assert max(call.attempt for call in ended.tool_calls) <= attempt
    assert max(execution.began.attempt for execution in faulty.executions(run.id)) <= attempt
    assert len(requests) == 2
    checks.assert_model_saw_all(ended, requests)
    return ended


def _app(faulty: Faulty) -> Celery:
    return make_app("test", faulty.stack.redis_url)


def _store_success(faulty: Faulty, run: RunObject) -> None:
    """As Celery stores it where results are kept."""
    with faulty.redis as redis:
        for index in range(_CALLS):
            task_id = CallKey(run.id, 1, index).task_id(1)
            redis.set(f"celery-task-meta-{task_id}", json.dumps({"status": "SUCCESS", "result": task_id, "task_id": task_id}))


def _keys(redis: Redis, pattern: str) -> list[str]:
    return [str(key) for key in cast("Any", redis).keys(pattern)]


def _forget(faulty: Faulty, pattern: str) -> int:
    """Deletes keys, as their expiry would. How many there were."""
    with faulty.redis as redis:
        return sum(int(str(redis.delete(key))) for key in _keys(redis, pattern))


def _keep_claim(faulty: Faulty) -> None:
    """The claim outlives every redelivery."""
    with faulty.redis as redis:
        [claim] = [claim for claim in _keys(redis, _CLAIMS) if redis.get(claim) != "done"]
        assert redis.expire(claim, 600)


def test_h1_success_is_stored_and_the_pool_process_dies(faulty: Faulty) -> None:
    """Celery looks for a stored SUCCESS only where results are not ignored: the message comes back, and the part counts."""
    run = _begun(faulty, _DEFAULT)
    faulty.arm("part.counting", _LAST)
    _store_success(faulty, run)
    _fallen(faulty, "part.counting")

    _completed(faulty, run)


def test_h1_prime_the_message_was_acknowledged_early(faulty: Faulty) -> None:
    """Then nothing comes back."""
    run = _killed(faulty, _DEFAULT, "part.counting", _LAST)
    assert _forget(faulty, "unacked*")

    _completed(faulty, run)


def test_h1_double_prime_results_are_ignored() -> None:
    """Every call is sent that way."""
    app = make_app("test", "redis://")
    bell = Doorbell(call=CallMessage(run_id="run_1", turn=1, index=0, attempt=1, tool="t"), queue=IO_QUEUE, timeout_s=1)

    assert app.conf.task_ignore_result
    assert call_signature(app, bell).options["ignore_result"]


def test_h2_a_pool_process_dies_with_the_claim(faulty: Faulty) -> None:
    """Its message comes back at once, meets the claim and does nothing."""
    run = _killed(faulty, _DEFAULT, "body.publishing")
    _keep_claim(faulty)

    _completed(faulty, run)


def test_h3_a_worker_dies_with_the_claim_and_its_message_comes_back_soon(faulty: Faulty) -> None:
    """The part finds the claim of its dead predecessor."""
    run = _killed(faulty, _IO, "body.publishing")
    _keep_claim(faulty)
    assert faulty.redeliver()

    _completed(faulty, run)


def test_h3_prime_its_message_comes_back_after_the_claim(faulty: Faulty) -> None:
    """The chord's body is published then, long after the run went on without it."""
    run = _killed(faulty, _IO, "body.publishing")
    ended = _completed(faulty, run)
    assert _forget(faulty, _CLAIMS)
    assert faulty.redeliver()
    _until_published(faulty)

    assert _completed(faulty, run) == ended


def test_h4_the_body_is_published_twice(faulty: Faulty) -> None:
    """The second callback finds nothing to do."""
    run = _killed(faulty, _IO, "body.published")
    assert _forget(faulty, _CLAIMS)
    assert faulty.redeliver()
    _until_published(faulty)

    _completed(faulty, run)


def test_h4_prime_the_message_comes_back_before_the_claim_ends(faulty: Faulty) -> None:
    """The body is published once, and its chord's keys wait for their expiry."""
    run = _killed(faulty, _IO, "body.published")
    _keep_claim(faulty)
    assert faulty.redeliver()

    _completed(faulty, run)


def test_h5_messages_of_finished_tasks_are_not_passed_over(faulty: Faulty) -> None:
    """Celery's fast path for a task that has a SUCCESS never counts its part: it is off, and a message that comes back counts."""
    assert not _app(faulty).conf.worker_deduplicate_successful_tasks
    run = _killed(faulty, _IO, "part.counting", _LAST)
    _store_success(faulty, run)
    assert faulty.redeliver()
    _until_published(faulty)

    _completed(faulty, run)


def test_h6_a_worker_dies_before_its_part_is_counted(faulty: Faulty) -> None:
    """The message comes back when the visibility timeout is over, which nobody waits for."""
    run = _killed(faulty, _IO, "part.counting", _LAST)

    _completed(faulty, run)


def test_h7_redis_is_emptied(faulty: Faulty) -> None:
    """Calls, chord and messages are gone while the header runs."""
    run = _begun(faulty, _IO)
    with faulty.redis as redis:
        redis.flushall()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed

    _completed(faulty, run, attempt=2)


def test_h8_redis_comes_back_empty(faulty: Faulty) -> None:
    """It is killed in mid-chord and has kept nothing."""
    run = _begun(faulty, _IO)
    faulty.kill("redis")
    shutil.rmtree(faulty.data / "redis" / "appendonlydir", ignore_errors=True)
    (faulty.data / "redis" / "appendonly.aof").unlink(missing_ok=True)

    _completed(faulty, run, attempt=2)


def test_h9_redis_comes_back_with_its_data(faulty: Faulty) -> None:
    """It is killed in mid-chord and has kept its log."""
    run = _begun(faulty, _IO)
    faulty.kill("redis")

    _completed(faulty, run)


@pytest.mark.parametrize("tool", [_IO, _DEFAULT])
def test_h10_redis_is_down_when_a_part_ends(faulty: Faulty, tool: str) -> None:
    """A network error of ours is no result of the tool's."""
    run = _begun(faulty, tool)
    faulty.kill("redis")
    time.sleep(4)

    _completed(faulty, run)


def test_h11_the_chords_keys_expire(faulty: Faulty) -> None:
    """Its size is gone before the header ends."""
    run = _begun(faulty, _DEFAULT)
    assert _forget(faulty, "celery-taskset-meta-*.s")

    _completed(faulty, run)


@pytest.mark.parametrize("published", [1, 2])
def test_h12_the_publisher_dies_in_the_middle(faulty: Faulty, published: int) -> None:
    """A part of the header is on its way, without the chord's size."""
    run = _killed(faulty, _DEFAULT, "call.published", published - 1)

    _completed(faulty, run)
