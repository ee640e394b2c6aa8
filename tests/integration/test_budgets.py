"""What a run may spend."""

from decimal import Decimal

import pytest

from orchestrator.errors import Unacceptable
from orchestrator.llm.model import ModelReply, Usage
from tasks.messages import CallOutcome, Outcome
from tests.integration.loop import Make, asks, calls, says
from tests.integration.test_results import CITY, ROME


def test_calls_beyond_the_rest_are_skipped_in_the_models_order(make: Make) -> None:
    """Those that cannot run cost nothing. The model reads of the others and goes on without tools."""
    bench = make(asks("no_such_tool", "lookup", "lookup", "lookup"), says("Done."))
    run_id = bench.start(max_tool_calls=2)
    bench.turns.advance(run_id)
    for index in (1, 2):
        bench.work(run_id, index)
    bench.turns.finish(run_id, 1, returned=True)

    view = bench.view(run_id)

    assert [call.status for call in view.calls] == ["failed", "succeeded", "succeeded", "skipped"]
    assert view.calls[3].error is not None
    assert view.calls[3].error["code"] == "max_tool_calls"
    assert (view.run.status, view.run.used_tool_calls) == ("completed", 2)
    assert [request.tool_choice for request in bench.model.requests] == [None, "none"]
    assert len(bench.model.requests[1].tools) == 2


def test_a_model_that_calls_on_is_told_until_its_turns_are_used(make: Make) -> None:
    """No call of it runs."""
    view = make(*[asks("lookup", "lookup")] * 3).run(max_tool_calls=0, max_turns=3)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "max_turns")
    assert [call.status for call in view.calls] == ["skipped"] * 6


def test_calls_that_are_a_result_cost_nothing(make: Make) -> None:
    """They alone are offered when no other may run."""
    bench = make(asks("lookup"), calls(("City", ROME)))

    view = bench.run(max_tool_calls=0, tools=("lookup", "City"), result_tools=(CITY,))

    assert (view.run.status, [call.status for call in view.calls]) == ("completed", ["skipped", "succeeded"])
    assert [[offer.name for offer in request.tools] for request in bench.model.requests] == [["City"]] * 2


def test_attempts_of_a_call_are_one_call(make: Make) -> None:
    """A retry is not refused for the budget."""
    bench = make(asks("lookup"), says("Done."))
    run_id = bench.start(max_tool_calls=1)
    bench.turns.advance(run_id)
    bench.work(run_id, 0, CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=0.01))
    bench.turns.finish(run_id, 1, returned=True)
    bench.work(run_id, 0, attempt=2)
    bench.turns.finish(run_id, 1, returned=True)

    view = bench.view(run_id)

    assert (view.run.status, view.calls[0].attempt, view.run.used_tool_calls) == ("completed", 2, 1)


def test_used_up_tokens_end_the_run(make: Make) -> None:
    """Tools are not run whose results nobody would read. The last replies are made short."""
    bench = make(asks("lookup"), asks("lookup"))
    run_id = bench.start(max_total_tokens=19, options={"max_completion_tokens": 18})
    bench.turns.advance(run_id)
    bench.work(run_id, 0)
    bench.turns.finish(run_id, 1, returned=True)

    view = bench.view(run_id)

    assert (view.run.status, view.run.incomplete_reason, view.run.total_tokens) == ("incomplete", "max_total_tokens", 20)
    assert [call.status for call in view.calls] == ["succeeded", "skipped"]
    assert [request.sampling.max_completion_tokens for request in bench.model.requests] == [18, 16]


@pytest.mark.parametrize(("limit", "sent"), [(1_000_000, None), (4097, None), (4096, 4096), (3, 16)])
def test_no_reply_is_limited_beyond_what_models_take(make: Make, limit: int, sent: int | None) -> None:
    """Providers refuse a limit that is greater than their model's own, or too small."""
    bench = make(says("Done."))

    assert bench.run(max_total_tokens=limit).run.status == "completed"
    assert bench.model.requests[0].sampling.max_completion_tokens == sent


def test_an_answer_cut_off_by_the_budget_says_so(make: Make) -> None:
    """It is not the caller's limit on one reply."""
    cut = ModelReply(content="Hel", finish_reason="length", usage=Usage(total_tokens=20))

    assert make(cut).run(max_total_tokens=20).run.incomplete_reason == "max_total_tokens"
    assert make(cut).run(max_total_tokens=30).run.incomplete_reason == "max_output_tokens"


def test_an_answer_may_use_the_last_token(make: Make) -> None:
    """What is complete is complete."""
    assert make(says("Hello.")).run(max_total_tokens=5).run.status == "completed"


def test_used_up_money_ends_the_run(make: Make) -> None:
    """Each turn's cost is kept, and the sum counts."""
    costly = asks("no_such_tool").model_copy(update={"usage": Usage(total_tokens=1, cost_usd=Decimal("0.01"))})

    view = make(costly, costly, costly).run(model="openai/gpt-4o", max_cost_usd=Decimal("0.02"))

    assert (view.run.incomplete_reason, view.run.cost_usd) == ("max_cost_usd", Decimal("0.02"))
    assert [turn.cost_usd for turn in view.turns] == [Decimal("0.01")] * 2


def test_a_cost_that_is_not_known_is_not_limited(make: Make) -> None:
    """Better refused than not kept."""
    with pytest.raises(Unacceptable) as refused:
        make().run(max_cost_usd=Decimal(1), model="openai/no-such-model")

    assert refused.value.field == "max_cost_usd"
