"""What becomes of a turn that does not wait for all its calls, or whose messages are lost, and the events that tell of it."""

import json
import time

from sqlalchemy import update

from orchestrator.closer import Closer
from orchestrator.runs import Runs
from orchestrator.store import closings, runs, turns
from orchestrator.tables import ToolCall
from tasks.broker import connect
from tasks.grants import Grants
from tasks.messages import CallOutcome, Outcome
from tasks.names import CallKey
from tests.integration.loop import Make, asks, says


def test_what_happens_to_a_run_is_an_event_each(make: Make) -> None:
    """One for each change, in the order of the changes, with the attempt that made it."""
    bench = make(asks("get_weather", "no_such_tool"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=0.01))
    bench.turns.finish(run_id, 1, returned=True)
    bench.work(run_id, 0, attempt=2)
    bench.turns.finish(run_id, 1, returned=True)
    bench.turns.finish(run_id, 1, returned=True)

    events = bench.events(run_id)

    assert [(event.type, event.turn, event.call_index, event.attempt) for event in events] == [
        ("run.queued", None, None, None),
        ("model_call.started", 1, None, 1),
        ("model_call.completed", 1, None, 1),
        ("tool_call.completed", 1, 1, 1),
        ("tool_call.queued", 1, 0, 2),
        ("tool_call.completed", 1, 0, 2),
        ("model_call.started", 2, None, 2),
        ("model_call.completed", 2, None, 2),
        ("run.completed", 2, None, None),
    ]
    assert [event.data for event in events[2:6]] == [
        {"finish_reason": "tool_calls", "tool_calls": 2},
        {"outcome": "failed", "code": "unknown_tool"},
        {"reason": "retry_wanted", "delay_s": 0.01},
        {"outcome": "succeeded", "worker": "w1", "run_ms": 300},
    ]


def test_a_turn_past_its_deadline_goes_on_with_what_is_there(make: Make) -> None:
    """Late calls are answered `timed_out`; what runs cannot answer any more, and what waits cannot start."""
    bench = make(asks("get_weather", "get_weather", "lookup"), says("Done."))
    run_id = bench.start(turn_deadline_s=2.0)
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=False)
    assert len(bench.model.requests) == 1
    time.sleep(2.1)
    bench.turns.finish(run_id, 1, returned=False)

    view = bench.view(run_id)

    assert view.run.status == "completed"
    assert [call.status for call in view.calls] == ["succeeded", "timed_out", "timed_out"]
    assert not bench.complete(run_id, 1)
    assert not bench.claim(run_id, 2)
    assert [message["tool_call_id"] for message in bench.model.sent(1)[2:]] == ["call_0", "call_1", "call_2"]
    bench.events(run_id)


def test_a_turn_that_fails_fast_does_not_wait_for_its_siblings(make: Make) -> None:
    """Only when it was asked for: the first failure ends the turn, and the model reads of it."""
    patient, hasty = (make(asks("get_weather", "get_weather"), says("Done.")) for _ in range(2))
    failed = CallOutcome.of_error(Outcome.FAILED, "tool_error", "boom")
    statuses: list[list[str]] = []
    for bench, fail_fast in ((patient, False), (hasty, True)):
        run_id = bench.start(fail_fast=fail_fast)
        bench.turns.advance(run_id)
        bench.work(run_id, 0, failed)
        bench.claim(run_id, 1)
        bench.turns.finish(run_id, 1, returned=False)
        statuses.append([call.status for call in bench.view(run_id).calls])

    assert statuses == [["failed", "queued"], ["failed", "cancelled"]]
    assert hasty.view(run_id).run.status == "completed"
    assert not hasty.complete(run_id, 1)


def test_a_reply_with_a_refused_call_fails_fast_too(make: Make) -> None:
    """Its other calls are not sent at all."""
    bench = make(asks("no_such_tool", "get_weather"), says("Sorry."))
    run_id = bench.start(fail_fast=True)
    bench.turns.advance(run_id)

    assert [call.status for call in bench.view(run_id).calls] == ["failed", "cancelled"]
    assert not bench.claim(run_id, 1)


def test_a_call_that_is_not_started_in_time_is_not_started(make: Make) -> None:
    """It is answered `timed_out`, and a worker that comes later does not run it."""
    bench = make(asks("get_weather", "get_weather"), says("Done."))
    run_id = bench.start(start_within_s=0.2)
    bench.turns.advance(run_id)
    bench.claim(run_id, 0)
    time.sleep(1.4)
    bench.turns.finish(run_id, 1, returned=False)

    late = bench.view(run_id).calls[1]

    assert (late.status, late.error and late.error["code"]) == ("timed_out", "not_started")
    assert not bench.claim(run_id, 1)
    assert bench.complete(run_id, 0), "what has started is not late"


def test_a_call_whose_message_is_lost_is_sent_again_beside_its_siblings(make: Make) -> None:
    """A sibling that runs for long does not keep it waiting, and what waits in the window stays there."""
    bench = make(asks("get_weather", "get_weather", "get_weather", "get_weather"), says("Done."))
    run_id = bench.start(max_parallel_tool_calls=2)
    bench.turns.advance(run_id)
    bench.claim(run_id, 0)
    bench.redis.delete("io")
    bench.turns.finish(run_id, 1, returned=True)

    sent = [json.loads(message)["headers"]["id"] for message in bench.redis.lrange("io", 0, -1)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportGeneralTypeIssues] - decoded by connect

    assert sent == [f"{run_id}.1.1.1"]
    assert {key.index for key in bench.grants.in_window(run_id, 1)} == {2, 3}


def test_a_repeated_attempt_whose_message_is_lost_is_sent_again(make: Make) -> None:
    """The result of the attempt before it, which is still there, does not count as its own."""
    bench = make(asks("get_weather"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=0.01))
    bench.turns.finish(run_id, 1, returned=False)
    bench.redis.delete("io", "default")
    time.sleep(0.1)

    bench.turns.finish(run_id, 1, returned=True)

    assert bench.redis.llen("io") == 1


def test_a_start_is_noted_for_its_own_call_alone(make: Make) -> None:
    """Other calls and other runs stay as they are."""
    bench = make(asks("get_weather", "get_weather"), asks("get_weather"))
    run_ids = [bench.start(), bench.start()]
    for run_id in run_ids:
        bench.turns.advance(run_id)

    with bench.database.transaction() as session:
        turns.started(session, {(CallKey(run_ids[0], 1, 1), 1): "w1"})

    assert [[(call.status, call.worker) for call in bench.view(run_id).calls] for run_id in run_ids] == [
        [("queued", None), ("in_progress", "w1")],
        [("queued", None)],
    ]
    assert [event.type for event in bench.events(run_ids[0])][-1] == "tool_call.started"


def test_a_cancel_that_redis_did_not_hear_of_is_told_later(make: Make) -> None:
    """The cancel is committed with a note of what is to be closed, which the watcher finds."""
    bench = make(asks("get_weather"))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.claim(run_id, 0)
    deaf = Closer(bench.database, Grants(connect("redis://127.0.0.1:1/0")))
    deaf_runs = Runs(bench.database, lambda _: None, deaf, tool_memory_s=60)
    deaf_runs.cancel(run_id)
    deaf_runs.close()
    assert bench.grants.refresh([bench.messages(run_id, 0)], 60) == [True], "nobody has told Redis"
    closer = Closer(bench.database, bench.grants)
    while bench.grants.refresh([bench.messages(run_id, 0)], 60) == [True]:
        closer.sweep(10)
        time.sleep(0.1)

    with bench.database.transaction() as session:
        assert closings.left(session, 10) == []
    assert not bench.complete(run_id, 0)


def test_a_call_whose_grant_was_forgotten_before_it_was_noted_is_not_sent_as_it_is(make: Make) -> None:
    """Nobody can tell whether it ran when the coordinator and all of Redis are gone: it counts as lost."""
    bench = make(asks("get_weather", "lookup"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    with bench.database.transaction() as session:
        session.execute(update(ToolCall).values(granted_at=None))
    bench.redis.flushdb()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
    bench.turns.finish(run_id, 1, returned=False)

    assert [(call.status, call.attempt) for call in bench.view(run_id).calls] == [("lost", 1), ("queued", 2)]


def test_a_call_that_was_never_granted_is_sent_as_it_is(make: Make) -> None:
    """Redis remembers everything since then, and no grant: nothing can have run."""
    bench = make(asks("get_weather"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    with bench.database.transaction() as session:
        session.execute(update(ToolCall).values(granted_at=None))
    for key in (f"toolchord:{run_id}.1.0:grant", f"toolchord:{run_id}.1.0:granted"):
        bench.redis.delete(key)
    bench.turns.finish(run_id, 1, returned=False)

    assert [(call.status, call.attempt) for call in bench.view(run_id).calls] == [("queued", 1)]
    assert bench.claim(run_id, 0)


def test_each_turn_has_its_deadline_of_its_own(make: Make) -> None:
    """A turn that was cut does not cut those after it."""
    bench = make(asks("get_weather"), asks("lookup"), says("Done."))
    run_id = bench.start(turn_deadline_s=1.0)
    bench.turns.advance(run_id)
    time.sleep(1.1)
    bench.turns.finish(run_id, 1, returned=False)
    bench.work(run_id, 0, turn=2)
    bench.turns.finish(run_id, 2, returned=True)

    assert [call.status for call in bench.view(run_id).calls] == ["timed_out", "succeeded"]
    assert bench.view(run_id).run.status == "completed"


def test_results_that_are_recorded_leave_redis_before_their_turn_ends(make: Make) -> None:
    """A turn that lasts does not keep there what Postgres has."""
    bench = make(asks("get_weather", "get_weather"), says("Done."))
    run_id = bench.start()
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=False)

    assert bench.grants.states([CallKey(run_id, 1, 0)])[0].result is None
    assert bench.view(run_id).calls[0].status == "succeeded"


def test_a_closing_that_is_opened_anew_meanwhile_is_kept(make: Make) -> None:
    """Who closes may have read the answers before the last of them was given."""
    bench = make(asks("get_weather", "get_weather"))
    run_id = bench.start()
    bench.turns.advance(run_id)
    with bench.database.transaction() as session:
        run = runs.lock(session, run_id)
        assert run is not None
        closings.open_for(session, run)
    with bench.database.transaction() as session:
        read_at = closings.opened_at(session, run_id, 1)
    with bench.database.transaction() as session:
        closings.open_for(session, run)
    assert read_at is not None
    with bench.database.transaction() as session:
        closings.done(session, run_id, 1, read_at)
        assert closings.left(session, 10) == [(run_id, 1)]
