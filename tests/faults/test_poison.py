"""Whatever lies in a queue, it costs no worker, and no good message beside it."""

import signal
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import pytest

from orchestrator.llm.scripted import Reply, ScriptedCall
from tasks.app import make_app
from tasks.messages import PoisonMessage
from tasks.names import DEFAULT_QUEUE, IO_QUEUE, POISON_KEY, RUN_ADVANCE, TOOL_CALL, TURN_FINISH, TURNS_QUEUE
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty
from tests.faults.poison import CONTENT, malformed, message

#: Each kind of queue, and the process that takes from it.
_WORKERS = {IO_QUEUE: "worker-io", DEFAULT_QUEUE: "worker-default", TURNS_QUEUE: "coordinator"}
_ANSWER = Reply(content="Done.")
_CALL = {"version": 1, "run_id": "run_none", "turn": 1, "index": 0, "attempt": 1, "tool": "nap"}


@contextmanager
def _unharmed(faulty: Faulty) -> Generator[None]:
    """What is done inside neither ends a worker nor makes it connect again, and a run that starts then completes."""
    before = faulty.pids(*_WORKERS.values())
    yield
    calls = [ScriptedCall.of("nap", label="a", seconds=0), ScriptedCall.of("doze", label="b", seconds=0)]
    run = faulty.run(asking(*calls), _ANSWER, tools=["nap", "doze"])
    assert run.status == "completed"
    assert [call.status for call in run.tool_calls] == ["succeeded", "succeeded"]
    assert faulty.pids(*before) == before
    assert "Connection to broker lost" not in "".join(faulty.logs().values())


@contextmanager
def _stopped(faulty: Faulty, name: str) -> Generator[None]:
    """The process stands still: it has the first message that comes, and leaves the others in its queue."""
    faulty.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        faulty.kill(name, signal.SIGCONT)


def _drained(faulty: Faulty, queue: str) -> None:
    with faulty.redis as redis:
        faulty.until(lambda: not redis.llen(queue))


def _waiting(faulty: Faulty, queue: str, count: int) -> list[str]:
    """What is in the list once it is so long; the watcher may have sent some of it again."""
    with faulty.redis as redis:
        faulty.until(lambda: int(str(redis.llen(queue))) >= count)
        return [str(element) for element in redis.lrange(queue, 0, -1)]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportUnknownArgumentType] - typed as awaitable too


def _put(faulty: Faulty, queue: str, *elements: bytes | str) -> None:
    with faulty.redis as redis:
        redis.lpush(queue, *elements)


def _put_aside(faulty: Faulty, count: int) -> list[PoisonMessage]:
    return [PoisonMessage.decode(text) for text in _waiting(faulty, POISON_KEY, count)]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", malformed(IO_QUEUE))
def test_an_element_that_is_no_message_is_put_aside(faulty: Faulty, name: str) -> None:
    """In a queue of either pool and in the coordinator's: L10 and F27. Its content is in no log."""
    with faulty.redis as redis:
        redis.delete(POISON_KEY)
    with _unharmed(faulty):
        for queue in _WORKERS:
            _put(faulty, queue, malformed(queue)[name])
        found = _put_aside(faulty, len(_WORKERS))

    assert {poison.queue for poison in found} == set(_WORKERS)
    assert len({poison.reason for poison in found}) == 1
    assert CONTENT not in "".join(faulty.logs().values())


@pytest.mark.timeout(180)
def test_good_messages_behind_bad_ones_are_taken(faulty: Faulty) -> None:
    """Hundreds of bad elements before a run's own messages cost no message, and the newest hundred are kept."""
    with _unharmed(faulty):
        for queue in _WORKERS:
            _put(faulty, queue, *list(malformed(queue).values()) * 10)

    assert len(_put_aside(faulty, 100)) == 100


@pytest.mark.timeout(180)
def test_answers_to_remote_control_pass(faulty: Faulty) -> None:
    """They are no tasks, and come through lists as well."""
    with make_app("test", faulty.stack.redis_url) as app:
        answers = app.control.ping(timeout=5, limit=len(_WORKERS))

    assert {name.partition("@")[0] for answer in answers or () for name in answer} == set(_WORKERS)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("queue", _WORKERS)
@pytest.mark.parametrize(
    ("task", "kwargs"),
    [
        ("no.such.task", {}),
        (TOOL_CALL, {}),
        (TOOL_CALL, {"self": 1}),
        (TOOL_CALL, {**_CALL, "turn": "one"}),
        (TOOL_CALL, {**_CALL, "version": 99}),
        (TOOL_CALL, _CALL),
        (RUN_ADVANCE, {"run_id": "run_none"}),
        (RUN_ADVANCE, {"run_id": ["\0"]}),
        (TURN_FINISH, {"run_id": "run_none", "turn": 10**30, "returned": True}),
        (TURN_FINISH, {}),
    ],
)
def test_a_message_that_is_wrong_does_nothing(faulty: Faulty, queue: str, task: str, kwargs: Mapping[str, object]) -> None:
    """An unknown task, words that name no call, a call that was never granted: L3. The queues stay empty."""
    with _unharmed(faulty):
        _put(faulty, queue, message(queue, task, kwargs))
        _drained(faulty, queue)


@pytest.mark.timeout(180)
def test_each_message_three_times_runs_each_call_once(faulty: Faulty) -> None:
    """Doorbells of calls and of runs may be doubled by anybody: F24."""
    calls = [ScriptedCall.of("nap", label=label, seconds=0.1) for label in "abcdef"]
    with _unharmed(faulty):
        with _stopped(faulty, "worker-io"):
            with _stopped(faulty, "coordinator"):
                runs = [faulty.start(asking(*calls), _ANSWER, tools=["nap"]) for _ in range(2)]
                _put(faulty, TURNS_QUEUE, *_waiting(faulty, TURNS_QUEUE, 1) * 2)
            _put(faulty, IO_QUEUE, *_waiting(faulty, IO_QUEUE, 11) * 2)
        ended = [faulty.ended(run.id) for run in runs]

    for run in ended:
        assert [(call.status, call.attempt) for call in run.tool_calls] == [("succeeded", 1)] * 6
        assert Counter(execution.began.call_id for execution in faulty.executions(run.id)) == {call.id: 1 for call in run.tool_calls}


@pytest.mark.timeout(180)
def test_a_saved_message_does_nothing_when_its_run_has_ended(faulty: Faulty) -> None:
    """The copy of a message finds no grant: F25."""
    calls = [ScriptedCall.of("nap", label=label, seconds=0) for label in "ab"]
    with _unharmed(faulty):
        with _stopped(faulty, "worker-io"):
            run = faulty.start(asking(*calls), _ANSWER, tools=["nap"])
            saved = _waiting(faulty, IO_QUEUE, 1)
        ended = faulty.ended(run.id)
        executions = faulty.executions(run.id)
        _put(faulty, IO_QUEUE, *saved)
        _drained(faulty, IO_QUEUE)

    assert faulty.read(run.id) == ended
    assert faulty.executions(run.id) == executions
