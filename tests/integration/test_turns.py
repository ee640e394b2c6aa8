"""The loop of a run on real Postgres and Redis, with a model of a few lines and the test in the worker's place."""

import pytest
from pydantic import JsonValue

from orchestrator.llm.errors import ModelUnavailable
from orchestrator.llm.model import NamedTool
from orchestrator.store import turns as store
from tasks.messages import CallOutcome, Outcome
from tasks.names import TURNS_QUEUE
from tests.integration.loop import QUESTION, Make, asks, says


def test_a_reply_without_calls_is_the_answer(make: Make) -> None:
    """A run whose model asks for no tool is completed by its first reply."""
    bench = make(says("Hello."))
    run_id = bench.start()
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert view.run.status == "completed"
    assert view.messages == [QUESTION, {"role": "assistant", "content": "Hello."}]
    assert view.run.total_tokens == 5
    assert view.run.finished_at is not None


def test_all_results_make_one_next_model_call_in_the_calls_order(make: Make) -> None:
    """Results that come in any order are sent together, each under its id, in the model's order."""
    bench = make(asks("get_weather", "get_weather", "lookup"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    for index in (2, 0, 1):
        bench.work(run_id, index)
    bench.turns.finish(run_id, 1, returned=True)

    sent = bench.model.sent(1)

    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "tool", "tool"]
    assert [message.get("tool_call_id") for message in sent[2:]] == ["call_0", "call_1", "call_2"]
    assert [message["content"] for message in sent[2:]] == ["result 0", "result 1", "result 2"]
    assert bench.view(run_id).run.status == "completed"
    assert bench.view(run_id).run.total_tokens == 15
    call = bench.view(run_id).calls[0]
    assert (call.worker, call.queue_wait_ms, call.run_ms, call.attempt) == ("w1", 3, 300, 1)


def test_a_doubled_advance_finds_nothing_to_do(make: Make) -> None:
    """While a model call is under way the step belongs to its claimant."""
    bench = make(says("Once."))
    run_id = bench.start()
    bench.model.meanwhile = lambda: bench.turns.advance(run_id)
    bench.turns.advance(run_id)
    bench.turns.advance(run_id)

    assert len(bench.model.requests) == 1


def test_a_doubled_callback_makes_no_second_model_call(make: Make) -> None:
    """The chord's callback may come twice, and before all results are in."""
    bench = make(asks("get_weather", "get_weather"), says("Done."))
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
    bench = make(asks("get_weather", "get_weather"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "tool_error", "boom"))
    bench.work(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)

    contents = [message["content"] for message in bench.model.sent(1)[2:]]

    assert contents == ['{"error":{"code":"tool_error","message":"boom"}}', "result 1"]
    assert [call.status for call in bench.view(run_id).calls] == ["failed", "succeeded"]


def test_a_reply_whose_calls_are_all_refused_goes_straight_to_the_next_model_call(make: Make) -> None:
    """Unknown tools are answered without any worker, and the model is told."""
    bench = make(asks("no_such_tool"), says("Sorry."))
    run_id = bench.start()
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert view.run.status == "completed"
    assert view.calls[0].status == "failed"
    assert "get_weather" in str(view.calls[0].content), "the known tools are named"


def test_the_last_turn_answers_its_calls_skipped(make: Make) -> None:
    """A run out of turns ends incomplete, with a transcript that is still legal."""
    bench = make(asks("get_weather"))
    run_id = bench.start(max_turns=1)
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "max_turns")
    assert [call.status for call in view.calls] == ["skipped"]
    assert view.messages[-1]["role"] == "tool"


def test_a_run_past_its_deadline_ends_incomplete(make: Make) -> None:
    """The deadline ends a run that waits for tools; they are answered and can no longer start."""
    bench = make(asks("get_weather"))
    run_id = bench.start(deadline_s=0.3)
    bench.turns.advance(run_id)
    while bench.view(run_id).run.status == "in_progress":
        bench.runs.expire(run_id)
    bench.sweep()

    view = bench.view(run_id)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "deadline")
    assert [call.status for call in view.calls] == ["timed_out"]
    assert not bench.claim(run_id, 0)


def test_a_model_that_cannot_be_had_fails_the_run(make: Make) -> None:
    """The run says which error of the provider ended it."""
    failure = ModelUnavailable("server_overloaded", "The provider is overloaded.", retryable=True, request_id="req_1")
    failure.provider = "azure"
    bench = make(failure)
    run_id = bench.start()
    bench.turns.advance(run_id)

    run = bench.view(run_id).run

    assert run.status == "failed"
    assert run.error == {
        "code": "server_overloaded",
        "message": "The provider is overloaded.",
        "provider": "azure",
        "request_id": "req_1",
    }


def test_a_cancelled_run_takes_no_result_and_no_reply(make: Make) -> None:
    """After a cancel nothing starts, nothing is recorded, and the transcript is legal."""
    bench = make(asks("get_weather", "get_weather"))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.claim(run_id, 0)
    bench.cancel(run_id)
    bench.cancel(run_id)

    view = bench.view(run_id)

    assert view.run.status == "cancelled"
    assert not bench.complete(run_id, 0)
    assert not bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)
    assert [call.status for call in bench.view(run_id).calls] == ["cancelled", "cancelled"]


def test_a_cancel_during_a_model_call_drops_the_reply(make: Make) -> None:
    """A reply that comes after the cancel is not recorded."""
    bench = make(says("Too late."))
    run_id = bench.start()
    bench.model.meanwhile = lambda: bench.cancel(run_id)
    bench.turns.advance(run_id)

    view = bench.view(run_id)

    assert view.run.status == "cancelled"
    assert view.turns == []


def test_a_tool_that_asks_for_it_gets_its_next_attempt(make: Make) -> None:
    """RetryTool opens the next attempt under the same call; the last attempt's failure is the answer."""
    bench = make(asks("get_weather"), says("Done."))
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
    bench = make(asks("lookup"), says("Done."))
    run_id = bench.start(options={"tool_choice": choice})
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)

    first = NamedTool(name="lookup") if isinstance(choice, dict) else choice
    assert [request.tool_choice for request in bench.model.requests] == [first, then]


def test_a_retry_waits_as_long_as_its_tool_asked(make: Make) -> None:
    """A sibling's callback does not send it early."""
    bench = make(asks("get_weather", "get_weather"), says("Done."))
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
    bench = make(asks("get_weather"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)

    assert bench.grants.states([store.key(call) for call in bench.view(run_id).calls])[0][:4] == (None, False, False, 1)


def test_a_model_call_that_is_given_back_is_made_by_another(make: Make) -> None:
    """The coordinator that stops waits for it no longer. Another is told, may claim the step at once, and records the only reply."""
    stopping, other = make(says("Late.")), make(says("Hello."))
    stopping.model.meanwhile = stopping.turns.release
    run_id = stopping.start()
    while not stopping.redis.llen(TURNS_QUEUE):
        pass
    stopping.turns.advance(run_id)
    assert stopping.view(run_id).run.status == "in_progress"
    assert stopping.redis.llen(TURNS_QUEUE) == 2

    other.turns.advance(run_id)

    view = other.view(run_id)
    assert (view.run.status, [turn.content for turn in view.turns]) == ("completed", ["Hello."])


def test_a_lost_call_is_run_again_only_when_it_is_idempotent(make: Make) -> None:
    """Of two calls whose worker vanished, the idempotent one gets another attempt, the other is answered `lost`."""
    bench = make(asks("get_weather", "lookup"), says("Done."))
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


def test_a_reply_that_cannot_be_read_is_paid_once(make: Make) -> None:
    """Whatever went wrong would go wrong again, with every claim of the step until the run's deadline."""
    bench = make(ZeroDivisionError())

    view = bench.run()

    assert (view.run.status, view.run.error and view.run.error["code"], len(bench.model.requests)) == ("failed", "internal_error", 1)
