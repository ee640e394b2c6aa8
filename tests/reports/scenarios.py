"""Runs on real Postgres and Redis, with the test in the place of the model and of the worker."""

from orchestrator import transcript
from orchestrator.llm.model import ModelReply, RequestedCall
from tasks.messages import CallOutcome, Outcome
from tests.integration.loop import Bench, Make, asks, says

_BOOM = CallOutcome.of_error(Outcome.FAILED, "tool_error", "boom")


def _asked(bench: Bench) -> str:
    """A run that waits for the calls of its first turn."""
    run_id = bench.start()
    bench.turns.advance(run_id)
    return run_id


def _sent(bench: Bench, number: int = 1) -> dict[str, str]:
    """The results that a model call brings, by their calls' ids, in order."""
    return {each["tool_call_id"]: each["content"] for each in bench.model.sent(number) if each["role"] == "tool"}


def _same(provider_id: str, times: int = 1) -> ModelReply:
    """A reply that calls get_weather, always under this id."""
    call = RequestedCall(provider_id=provider_id, name="get_weather", arguments="{}")
    return ModelReply(content=None, calls=(call,) * times, finish_reason="tool_calls")


def an_interrupted_call_is_answered_and_not_made_again(make: Make) -> None:
    """A run is cancelled while one of two calls runs; another run goes on with the conversation."""
    bench = make(asks("get_weather", "get_weather"), says("Go on."))
    run_id = _asked(bench)
    bench.work(run_id, 0)
    assert bench.claim(run_id, 1)
    bench.turns.finish(run_id, 1, returned=False)

    bench.cancel(run_id)

    assert not bench.claim(run_id, 1), "delivered once more, it does not begin"
    assert not bench.complete(run_id, 1), "its late result is dropped"
    view = bench.view(run_id)
    transcript.check(view.messages)
    assert [call.status for call in view.calls] == ["succeeded", "cancelled"]
    following = bench.run(previous_run_id=run_id)
    assert following.run.status == "completed"
    assert list(_sent(bench)) == ["call_0", "call_1"]


def results_are_kept_while_a_sibling_waits(make: Make) -> None:
    """One call is to be tried again later; meanwhile another coordinator takes over."""
    bench, other = make(asks("get_weather", "get_weather")), make(says("Done."))
    run_id = _asked(bench)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=0.01))
    bench.work(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)
    assert [call.status for call in bench.view(run_id).calls] == ["queued", "succeeded"]

    other.work(run_id, 0, attempt=2)
    other.turns.finish(run_id, 1, returned=True)

    assert _sent(other, 0) == {"call_0": "result 0", "call_1": "result 1"}


def a_repeated_id_stops_nothing(make: Make) -> None:
    """The model gives every call the same id, in three turns."""
    bench = make(*[_same("run_shell_command:0")] * 3, says("Done."))
    run_id = _asked(bench)
    for turn in (1, 2, 3):
        bench.work(run_id, 0, turn=turn)
        bench.turns.finish(run_id, turn, returned=True)

    view = bench.view(run_id)
    assert (view.run.status, [call.status for call in view.calls]) == ("completed", ["succeeded"] * 3)
    assert list(_sent(bench, 3)) == ["run_shell_command:0", "run_shell_command:0_d1", "run_shell_command:0_d2"]


def results_are_sent_in_the_order_of_their_calls(make: Make) -> None:
    """They come in the opposite order, and are gathered one by one."""
    bench = make(asks(*["get_weather"] * 5), says("Done."))
    run_id = _asked(bench)
    for index in (4, 3, 2, 1, 0):
        bench.work(run_id, index)
        bench.turns.finish(run_id, 1, returned=index == 0)

    assert list(_sent(bench).items()) == [(f"call_{index}", f"result {index}") for index in range(5)]


def calls_beyond_a_limit_are_answered_and_not_made(make: Make) -> None:
    """Nine identical calls of a run that may make three."""
    bench = make(_same("call_a", times=9), says("Done."))
    run_id = bench.start(max_tool_calls=3)
    bench.turns.advance(run_id)
    for index in range(3):
        bench.work(run_id, index)
    assert not any(bench.claim(run_id, index) for index in range(3, 9))
    bench.turns.finish(run_id, 1, returned=True)

    assert [call.status for call in bench.view(run_id).calls] == ["succeeded"] * 3 + ["skipped"] * 6
    assert len(_sent(bench)) == 9


def identical_calls_are_made_once_each(make: Make) -> None:
    """Each message comes twice."""
    bench = make(_same("toolu_a", times=2), says("Done."))
    run_id = _asked(bench)
    assert [bench.claim(run_id, index) for index in (0, 0, 1, 1)] == [True, False, True, False]
    for index in (0, 1):
        bench.complete(run_id, index)
    bench.turns.finish(run_id, 1, returned=True)

    assert _sent(bench) == {"toolu_a": "result 0", "toolu_a_d1": "result 1"}


def a_failure_between_others_is_one_result(make: Make) -> None:
    """The second of three calls fails."""
    bench = make(asks("get_weather", "get_weather", "lookup"), says("Done."))
    run_id = _asked(bench)
    for index, outcome in enumerate((None, _BOOM, None)):
        bench.work(run_id, index, outcome)
    bench.turns.finish(run_id, 1, returned=True)

    assert _sent(bench) == {"call_0": "result 0", "call_1": _BOOM.content, "call_2": "result 2"}
    assert bench.view(run_id).run.status == "completed"


def siblings_are_awaited_after_a_failure(make: Make) -> None:
    """The model is asked again when all calls have ended, and not when the first has failed."""
    bench = make(asks("get_weather", "get_weather", "get_weather"), says("Done."))
    run_id = _asked(bench)
    bench.work(run_id, 0, _BOOM)
    assert all(bench.claim(run_id, index) for index in (1, 2))
    bench.turns.finish(run_id, 1, returned=False)
    assert (len(bench.model.requests), bench.view(run_id).run.status) == (1, "in_progress")

    assert all(bench.complete(run_id, index) for index in (1, 2))
    bench.turns.finish(run_id, 1, returned=True)

    assert list(_sent(bench).values()) == [_BOOM.content, "result 1", "result 2"]


def a_failure_cancels_none_of_26(make: Make) -> None:
    """Most of them have not begun when it comes."""
    bench = make(asks(*["get_weather"] * 27), says("Done."))
    run_id = _asked(bench)
    bench.work(run_id, 3, _BOOM)
    bench.turns.finish(run_id, 1, returned=False)
    for index in set(range(27)) - {3}:
        bench.work(run_id, index)
    bench.turns.finish(run_id, 1, returned=True)

    statuses = [call.status for call in bench.view(run_id).calls]
    assert (statuses.count("succeeded"), statuses[3], len(_sent(bench))) == (26, "failed", 27)


def successes_outlive_a_first_failure(make: Make) -> None:
    """The first call fails last, after the others have succeeded."""
    bench = make(asks("get_weather", "get_weather", "get_weather"), says("Done."))
    run_id = _asked(bench)
    for index, outcome in ((1, None), (2, None), (0, _BOOM)):
        bench.work(run_id, index, outcome)
    bench.turns.finish(run_id, 1, returned=True)

    assert list(_sent(bench).values()) == [_BOOM.content, "result 1", "result 2"]


def every_kind_of_failure_is_one_result(make: Make) -> None:
    """A call fails, one runs out of time, one is made up; the fourth succeeds."""
    bench = make(asks("get_weather", "get_weather", "no_such_tool", "lookup"), says("Done."))
    run_id = _asked(bench)
    late = CallOutcome.of_error(Outcome.TIMED_OUT, "timed_out", "Too slow.")
    for index, outcome in ((0, _BOOM), (1, late), (3, None)):
        bench.work(run_id, index, outcome)
    bench.turns.finish(run_id, 1, returned=True)

    assert [call.status for call in bench.view(run_id).calls] == ["failed", "timed_out", "failed", "succeeded"]
    assert list(_sent(bench)) == [f"call_{index}" for index in range(4)]
