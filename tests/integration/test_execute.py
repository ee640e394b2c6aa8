"""One attempt of a call on a real Redis: claimed, run, answered."""

import asyncio
import threading
from collections.abc import Iterator, Mapping

import pytest

from tasks import ToolContext, tool
from tasks.broker import connect
from tasks.catalogue import AnyTool, Catalogue
from tasks.grants import Grants
from tasks.messages import CallMessage, CallOutcome, Grant, Outcome
from tasks.stopping import Stopping
from workers.execute import Executor
from workers.leases import Leases

RUN = "run_1"
_ran: list[tuple[int, str, int]] = []


@tool(retries=1)
async def note(number: int, context: ToolContext) -> str:
    """Notes a number."""
    _ran.append((number, context.idempotency_key, context.attempt))
    context.progress("half way", 0.5)
    return f"noted {number}"


@tool(timeout=0.05)
async def hang() -> None:
    """Never ends."""
    await asyncio.sleep(60)


@tool
async def wait() -> str:
    """Ends when it is asked to."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "half done"
    return "done"


@tool
def add() -> int:
    """Adds nothing."""
    return 0


_TOOLS: dict[str, AnyTool] = {"note": note, "hang": hang, "wait": wait, "add": add}


class Place:
    """A worker's executor, and the coordinator's side of Redis."""

    def __init__(self, redis_url: str) -> None:
        self.redis = connect(redis_url)
        self.grants = Grants(self.redis)
        self.progress: list[tuple[str, float | None]] = []
        self.stopping = Stopping()
        self.ending = False
        self.executor = Executor(
            Catalogue(_TOOLS),
            self.grants,
            Leases(self.grants, self.stopping),
            "w1",
            lambda _call, text, part: self.progress.append((text, part)),
            lambda: self.ending,
        )

    def grant(self, name: str = "note", attempt: int = 1, changes: Mapping[str, object] | None = None) -> Grant:
        spec = _TOOLS.get(name, note).spec
        call = CallMessage(run_id=RUN, turn=1, index=0, attempt=attempt, tool=name)
        arguments = '{"number": 7}' if name == "note" else "{}"
        grant = Grant(
            call=call, queue="io", schema_hash=spec.schema_hash, arguments=arguments, timeout_s=spec.timeout_s, deadline_s=60
        ).model_copy(update=changes)
        self.grants.put(RUN, 1, [grant], [], ttl_s=60)
        return grant

    def answer(self, grant: Grant) -> CallOutcome:
        self.executor.execute(grant.call.kwargs())
        result = self.grants.states([grant.call.key])[0].result
        assert result is not None
        return result.result


@pytest.fixture
def place(redis_url: str) -> Iterator[Place]:
    """A worker that has run nothing."""
    _ran.clear()
    place = Place(redis_url)
    yield place
    place.redis.close()


def test_a_granted_call_runs_once_and_answers(place: Place) -> None:
    """A message that comes twice runs the tool once; its context names the call."""
    grant = place.grant()
    answer = place.answer(grant)
    place.executor.execute(grant.call.kwargs())

    assert answer == CallOutcome(outcome=Outcome.SUCCEEDED, content="noted 7")
    assert _ran == [(7, "run_1.1.0", 1)]
    assert place.progress == [("half way", 0.5)]


def test_a_message_without_a_grant_runs_nothing(place: Place) -> None:
    """After a flush, or for an older attempt, nothing starts."""
    grant = place.grant(attempt=2)
    place.executor.execute(grant.call.model_copy(update={"attempt": 1}).kwargs())
    place.redis.flushdb()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
    place.executor.execute(grant.call.kwargs())

    assert _ran == []


@pytest.mark.parametrize("kwargs", [{}, {"run_id": "run_1"}, {"turn": "x"}, {"version": 1, "tool": None}])
def test_a_message_that_names_no_call_is_dropped(place: Place, kwargs: dict[str, object]) -> None:
    """Nobody waits for an answer to it, and the worker lives."""
    assert place.executor.execute(kwargs) is None


@pytest.mark.parametrize(
    ("name", "changes", "outcome", "code"),
    [
        ("no_such_tool", {}, Outcome.FAILED, "unknown_tool"),
        ("note", {"schema_hash": "older"}, Outcome.FAILED, "changed_tool"),
        ("note", {"version": 2}, Outcome.FAILED, "unsupported_version"),
        ("note", {"arguments": '{"number": "seven"}'}, Outcome.FAILED, "invalid_arguments"),
        ("note", {"arguments": '{"number": 1}{"number": 2}'}, Outcome.FAILED, "invalid_arguments"),
        ("note", {"deadline_s": -1.0}, Outcome.TIMED_OUT, "deadline"),
        ("hang", {}, Outcome.TIMED_OUT, "timed_out"),
    ],
)
def test_what_cannot_run_is_a_typed_answer(place: Place, name: str, changes: dict[str, object], outcome: Outcome, code: str) -> None:
    """Whatever is wrong with a granted call, the model gets an answer and the tool does not run."""
    answer = place.answer(place.grant(name, changes=changes))

    assert answer.outcome is outcome
    assert answer.error is not None
    assert answer.error.code == code
    assert _ran == []


def test_a_grant_that_cannot_be_read_is_a_typed_answer(place: Place) -> None:
    """A coordinator of another version may write grants of another shape."""
    grant = place.grant()
    place.redis.hset(grant.call.key.grant, "body", '{"version":2,"what":"is this"}')

    answer = place.answer(grant)

    assert answer.error is not None
    assert answer.error.code == "unsupported_version"
    assert _ran == []


def test_a_call_does_not_outlive_its_runs_deadline(place: Place) -> None:
    """The time that is left of the run bounds a tool that could take longer."""
    answer = place.answer(place.grant("hang", changes={"deadline_s": 0.1, "timeout_s": 60.0}))

    assert answer.outcome is Outcome.TIMED_OUT


def test_a_call_that_a_stopping_worker_interrupts_is_answered_lost(place: Place) -> None:
    """Whatever the tool says when it is interrupted, it was not left to do its work."""
    grant = place.grant("wait")
    place.stopping.begin(0.2)

    answer = place.answer(grant)

    assert answer.outcome is Outcome.LOST
    assert answer.error is not None
    assert answer.error.code == "worker_stopped"


def test_a_call_that_ends_within_the_grace_is_answered_as_ever(place: Place) -> None:
    """A worker that was told to stop is given time for that."""
    place.stopping.begin(60)

    assert place.answer(place.grant()).outcome is Outcome.SUCCEEDED


def test_a_process_that_is_told_to_end_answers_nothing_for_its_tool(place: Place) -> None:
    """The pool's parent answers: what the tool says was made of the exception that ends the process."""
    grant = place.grant()
    place.ending = True

    with pytest.raises(SystemExit):
        place.executor.execute(grant.call.kwargs())

    assert place.grants.states([grant.call.key])[0].result is None


def test_a_sync_tool_is_refused_where_it_could_not_be_stopped(place: Place) -> None:
    """Its queue may be served by a pool that does not offer it."""
    grant = place.grant("add")
    thread = threading.Thread(target=place.executor.execute, args=(grant.call.kwargs(),))
    thread.start()
    thread.join()

    result = place.grants.states([grant.call.key])[0].result
    assert result is not None
    assert result.result.error is not None
    assert result.result.error.code == "wrong_pool"
