"""The loop of a run on real Postgres and Redis, with a model of a few lines and the test in the worker's place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from celery import Celery
from pydantic import JsonValue

from orchestrator.database import Database
from orchestrator.dispatch import Dispatcher
from orchestrator.llm.errors import ModelUnavailable
from orchestrator.llm.model import ModelReply, ModelRequest, RequestedCall, Usage
from orchestrator.runs import NewRun, Runs, RunView
from orchestrator.store import tools
from orchestrator.store import turns as store
from orchestrator.store.tools import Offer
from orchestrator.turns import Turns
from tasks.broker import connect
from tasks.grants import Grants
from tasks.messages import CallMessage, CallOutcome, Outcome, ToolResult, ToolSpec

_QUESTION: dict[str, JsonValue] = {"role": "user", "content": "What is the weather?"}
_SPEC = ToolSpec(
    name="get_weather",
    description="Weather.",
    parameters={"type": "object"},
    queue="io",
    timeout_s=30,
    idempotent=False,
    retries=1,
    max_result_bytes=1000,
    schema_hash="h1",
)
_LOOKUP = _SPEC.model_copy(update={"name": "lookup", "idempotent": True})


def _asks(*names: str) -> ModelReply:
    calls = tuple(RequestedCall(provider_id=f"call_{i}", name=name, arguments=f'{{"n":{i}}}') for i, name in enumerate(names))
    return ModelReply(content=None, calls=calls, finish_reason="tool_calls", usage=Usage(prompt_tokens=10, total_tokens=10))


def _says(text: str) -> ModelReply:
    return ModelReply(content=text, finish_reason="stop", usage=Usage(completion_tokens=5, total_tokens=5))


@dataclass
class Model:
    """Replies in order, and keeps what it was asked."""

    replies: list[ModelReply | Exception]
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])
    meanwhile: Callable[[], None] = lambda: None

    def complete(self, request: ModelRequest) -> ModelReply:
        self.requests.append(request)
        self.meanwhile()
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Bench:
    """A run under test and everything around it."""

    def __init__(self, database: Database, redis_url: str, app: Celery, replies: Sequence[ModelReply | Exception]) -> None:
        self.database = database
        self.redis = connect(redis_url)
        self.grants = Grants(self.redis)
        dispatcher = Dispatcher(app, self.grants)
        self.runs = Runs(database, dispatcher, self.grants, tool_memory_s=60)
        self.model = Model(list(replies))
        self.turns = Turns(database, self.model, dispatcher, self.grants, model_timeout_s=5, max_calls_per_turn=100, grace_s=0.2)

    def close(self) -> None:
        self.redis.close()

    def start(self, *, max_turns: int = 10, deadline_s: float = 600, options: dict[str, JsonValue] | None = None) -> str:
        new = NewRun(
            messages=(_QUESTION,),
            model="m",
            options=options or {},
            tools="all",
            max_turns=max_turns,
            max_parallel_tool_calls=8,
            deadline_s=deadline_s,
        )
        return self.runs.start(new)

    def view(self, run_id: str) -> RunView:
        return self.runs.read(run_id)

    def messages(self, run_id: str, index: int, attempt: int = 1, turn: int = 1) -> CallMessage:
        return CallMessage(run_id=run_id, turn=turn, index=index, attempt=attempt, tool="get_weather")

    def claim(self, run_id: str, index: int, attempt: int = 1) -> bool:
        return self.grants.claim(self.messages(run_id, index, attempt), lease_s=60) is not None

    def complete(self, run_id: str, index: int, outcome: CallOutcome | None = None, attempt: int = 1) -> bool:
        outcome = outcome or CallOutcome(outcome=Outcome.SUCCEEDED, content=f"result {index}")
        call = self.messages(run_id, index, attempt)
        result = ToolResult(call=call, result=outcome, worker="w1", queue_wait_ms=3, run_ms=300)
        return not self.grants.complete(result).stale

    def work(self, run_id: str, index: int, outcome: CallOutcome | None = None, attempt: int = 1) -> None:
        assert self.claim(run_id, index, attempt)
        assert self.complete(run_id, index, outcome, attempt)


Make = Callable[..., Bench]


@pytest.fixture
def make(database_url: str, redis_url: str, celery_app: Celery) -> Iterator[Make]:
    """Makes a run's surroundings from the model's replies."""
    database = Database(database_url, pool=4)
    with database.transaction() as session:
        tools.keep(session, {(spec.name, spec.schema_hash): Offer(spec, 1) for spec in (_SPEC, _LOOKUP)})
    benches: list[Bench] = []

    def bench(*replies: ModelReply | Exception) -> Bench:
        benches.append(Bench(database, redis_url, celery_app, replies))
        return benches[-1]

    yield bench
    for made in benches:
        made.close()
    database.close()


def test_a_reply_without_calls_is_the_answer(make: Make) -> None:
    """A run whose model asks for no tool is completed by its first reply."""
    bench = make(_says("Hello."))
    run_id = bench.start()
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert view.run.status == "completed"
    assert view.messages == [_QUESTION, {"role": "assistant", "content": "Hello."}]
    assert view.run.total_tokens == 5
    assert view.run.finished_at is not None


def test_all_results_make_one_next_model_call_in_the_calls_order(make: Make) -> None:
    """Results that come in any order are sent together, each under its id, in the model's order."""
    bench = make(_asks("get_weather", "get_weather", "lookup"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    for index in (2, 0, 1):
        bench.work(run_id, index)
    bench.turns.finish(run_id, 1, returned=True)

    sent = bench.model.requests[1].messages

    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool", "tool"]
    assert [message.get("tool_call_id") for message in sent[2:]] == ["call_0", "call_1", "call_2"]
    assert [message["content"] for message in sent[2:]] == ["result 0", "result 1", "result 2"]
    assert bench.view(run_id).run.status == "completed"
    assert bench.view(run_id).run.total_tokens == 15
    call = bench.view(run_id).calls[0]
    assert (call.worker, call.queue_wait_ms, call.run_ms, call.attempt) == ("w1", 3, 300, 1)


def test_a_doubled_advance_finds_nothing_to_do(make: Make) -> None:
    """While a model call is under way the step belongs to its claimant."""
    bench = make(_says("Once."))
    run_id = bench.start()
    bench.model.meanwhile = lambda: bench.turns.advance(run_id)
    bench.turns.advance(run_id)
    bench.turns.advance(run_id)

    assert len(bench.model.requests) == 1


def test_a_doubled_callback_makes_no_second_model_call(make: Make) -> None:
    """The chord's callback may come twice, and before all results are in."""
    bench = make(_asks("get_weather", "get_weather"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)
    assert len(bench.model.requests) == 1, "one call still runs"
    bench.complete(run_id, 1)
    for _ in range(3):
        bench.turns.finish(run_id, 1, returned=True)

    assert len(bench.model.requests) == 2
    assert [turn.turn for turn in bench.view(run_id).turns] == [1, 2]


def test_a_failing_sibling_is_an_error_message_and_the_others_live(make: Make) -> None:
    """A tool's failure is data for the model."""
    bench = make(_asks("get_weather", "get_weather"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "tool_error", "boom"))
    bench.work(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)

    contents = [message["content"] for message in bench.model.requests[1].messages[2:]]

    assert contents == ['{"error":{"code":"tool_error","message":"boom"}}', "result 1"]
    assert [call.status for call in bench.view(run_id).calls] == ["failed", "succeeded"]


def test_a_reply_whose_calls_are_all_refused_goes_straight_to_the_next_model_call(make: Make) -> None:
    """Unknown tools are answered without any worker, and the model is told."""
    bench = make(_asks("no_such_tool"), _says("Sorry."))
    run_id = bench.start()
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert view.run.status == "completed"
    assert view.calls[0].status == "failed"
    assert "get_weather" in str(view.calls[0].content), "the known tools are named"


def test_the_last_turn_answers_its_calls_skipped(make: Make) -> None:
    """A run out of turns ends incomplete, with a transcript that is still legal."""
    bench = make(_asks("get_weather"))
    run_id = bench.start(max_turns=1)
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "max_turns")
    assert [call.status for call in view.calls] == ["skipped"]
    assert view.messages[-1]["role"] == "tool"


def test_a_run_past_its_deadline_ends_incomplete(make: Make) -> None:
    """The deadline ends a run that waits for tools; they are answered and can no longer start."""
    bench = make(_asks("get_weather"))
    run_id = bench.start(deadline_s=0.3)
    bench.turns.advance(run_id)
    while bench.view(run_id).run.status == "in_progress":
        bench.runs.expire(run_id)

    view = bench.view(run_id)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "deadline")
    assert [call.status for call in view.calls] == ["timed_out"]
    assert not bench.claim(run_id, 0)


def test_a_model_that_cannot_be_had_fails_the_run(make: Make) -> None:
    """The run says which error of the provider ended it."""
    bench = make(ModelUnavailable("server_overloaded", "The provider is overloaded.", retryable=True, request_id="req_1"))
    run_id = bench.start()
    bench.turns.advance(run_id)

    run = bench.view(run_id).run

    assert run.status == "failed"
    assert run.error == {"code": "server_overloaded", "message": "The provider is overloaded.", "request_id": "req_1"}


def test_a_cancelled_run_takes_no_result_and_no_reply(make: Make) -> None:
    """After a cancel nothing starts, nothing is recorded, and the transcript is legal."""
    bench = make(_asks("get_weather", "get_weather"))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.claim(run_id, 0)
    bench.runs.cancel(run_id)
    bench.runs.cancel(run_id)

    view = bench.view(run_id)

    assert view.run.status == "cancelled"
    assert not bench.complete(run_id, 0)
    assert not bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)
    assert [call.status for call in bench.view(run_id).calls] == ["cancelled", "cancelled"]


def test_a_cancel_during_a_model_call_drops_the_reply(make: Make) -> None:
    """A reply that comes after the cancel is not recorded."""
    bench = make(_says("Too late."))
    run_id = bench.start()
    bench.model.meanwhile = lambda: bench.runs.cancel(run_id)
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert view.run.status == "cancelled"
    assert view.turns == []


def test_a_tool_that_asks_for_it_gets_its_next_attempt(make: Make) -> None:
    """RetryTool opens the next attempt under the same call; the last attempt's failure is the answer."""
    bench = make(_asks("get_weather"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    again = CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=0.01)
    bench.work(run_id, 0, again)
    bench.turns.finish(run_id, 1, returned=True)
    assert bench.view(run_id).calls[0].status == "queued"
    assert not bench.claim(run_id, 0, attempt=1), "the first attempt has no grant any more"
    bench.work(run_id, 0, again, attempt=2)
    bench.turns.finish(run_id, 1, returned=True)

    call = bench.view(run_id).calls[0]

    assert (call.status, call.attempt) == ("failed", 2)


@pytest.mark.parametrize(
    ("choice", "then"),
    [("required", None), ({"type": "function", "function": {"name": "lookup"}}, None), ("auto", "auto"), ("none", "none")],
)
def test_a_forced_choice_holds_for_the_first_turn(make: Make, choice: JsonValue, then: JsonValue) -> None:
    """Sent again, it would keep the model from ever answering."""
    bench = make(_asks("lookup"), _says("Done."))
    run_id = bench.start(options={"tool_choice": choice})
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)

    assert [request.tool_choice for request in bench.model.requests] == [choice, then]


def test_a_retry_waits_as_long_as_its_tool_asked(make: Make) -> None:
    """A sibling's callback does not send it early."""
    bench = make(_asks("get_weather", "get_weather"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=600))
    bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=False)
    bench.complete(run_id, 1)
    sent = len(bench.redis.lrange("io", 0, -1))  # pyright: ignore[reportArgumentType] - typed for the asynchronous client too
    bench.turns.finish(run_id, 1, returned=True)

    assert len(bench.redis.lrange("io", 0, -1)) == sent  # pyright: ignore[reportArgumentType] - as above
    assert [call.attempt for call in bench.view(run_id).calls] == [2, 1]


def test_a_recorded_turn_leaves_no_result_in_redis(make: Make) -> None:
    """Postgres has them, and Redis is to stay small."""
    bench = make(_asks("get_weather"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)

    assert bench.grants.states([store.key(call) for call in bench.view(run_id).calls])[0] == (None, False, False, 1)


def test_a_lost_call_is_run_again_only_when_it_is_idempotent(make: Make) -> None:
    """Of two calls whose worker vanished, the idempotent one gets another attempt, the other is answered `lost`."""
    bench = make(_asks("get_weather", "lookup"), _says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    view = bench.view(run_id)
    for index in (0, 1):
        bench.claim(run_id, index)
    bench.redis.delete(*(store.key(call).lease for call in view.calls))
    bench.turns.finish(run_id, 1, returned=True)

    lost, again = bench.view(run_id).calls

    assert (lost.status, lost.attempt) == ("lost", 1)
    assert (again.status, again.attempt) == ("queued", 2)
    bench.work(run_id, 1, attempt=2)
    bench.turns.finish(run_id, 1, returned=True)
    assert bench.view(run_id).run.status == "completed"
