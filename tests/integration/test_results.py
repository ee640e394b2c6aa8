"""Calls that are not executed, because they are the run's result."""

from typing import Any

import pytest
from pydantic import JsonValue

from orchestrator.llm.model import NamedTool
from tests.integration.loop import Make, asks, calls, says

CITY: dict[str, JsonValue] = {
    "name": "City",
    "description": "A city.",
    "parameters": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 0}},
        "required": ["name", "people"],
        "additionalProperties": False,
    },
    "strict_parameters": None,
}
ROME: dict[str, JsonValue] = {"name": "Rome", "people": 2_800_000}
ONLY: dict[str, Any] = {"tools": ("City",), "result_tools": (CITY,)}
MIXED: dict[str, Any] = {"tools": ("lookup", "City"), "result_tools": (CITY,)}


def test_valid_calls_are_the_result(make: Make) -> None:
    """Nothing is executed, and the run is completed with one model call; the transcript is legal."""
    bench = make(calls(("City", ROME), ("City", {"name": "Oslo", "people": 700_000})))

    view = bench.run(**ONLY)

    assert (view.run.status, len(view.turns), view.run.repairs) == ("completed", 1, 0)
    assert [(call.execute, call.status, call.content) for call in view.calls] == [(False, "succeeded", '{"accepted":true}')] * 2
    assert [message["role"] for message in view.messages] == ["user", "assistant", "tool", "tool"]
    assert bench.model.requests[0].tools[0].name == "City"
    assert bench.redis.llen("io") == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"name": "Rome"}, "'people' is a required property"),
        ({"name": "Rome", "people": "many"}, "people must be of type integer, not a string"),
        ({"name": "Rome", "people": -1}, "people does not satisfy minimum: 0"),
        ({**ROME, "mayor": "?"}, 'has keys too many: [\\"mayor\\"]'),
        ('{"name":', "not valid JSON"),
    ],
)
def test_the_model_is_told_what_is_wrong_and_mends_it(make: Make, arguments: JsonValue, told: str) -> None:
    """The call is failed and kept; its sibling is accepted, and the run ends with the mended call."""
    bench = make(calls(("City", ROME), ("City", arguments)), calls(("City", ROME)))

    view = bench.run(**ONLY)

    assert (view.run.status, view.run.repairs) == ("completed", 1)
    assert [call.status for call in view.calls] == ["succeeded", "failed", "succeeded"]
    assert view.calls[1].error is not None
    assert view.calls[1].error["code"] == "invalid_arguments"
    assert told in str(bench.model.sent(1)[3]["content"])
    assert "Make this call again" in str(bench.model.sent(1)[3]["content"])
    assert "Make this call again" not in str(view.calls[1].error)


def test_an_unknown_call_is_told_and_mended(make: Make) -> None:
    """It is kept, too, with the names that there are."""
    bench = make(calls(("Town", ROME)), calls(("City", ROME)))

    view = bench.run(**ONLY)

    assert (view.run.status, [call.status for call in view.calls]) == ("completed", ["failed", "succeeded"])
    assert "Known tools: City." in str(view.calls[0].content)


@pytest.mark.parametrize(("max_repairs", "asked"), [(0, 1), (1, 2), (3, 4)])
def test_repairs_are_bounded(make: Make, max_repairs: int, asked: int) -> None:
    """A model that does not learn ends the run incomplete."""
    bench = make(*[calls(("City", {}))] * 5)

    view = bench.run(**ONLY, max_repairs=max_repairs)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "invalid_tool_calls")
    assert (len(bench.model.requests), view.run.repairs) == (asked, max_repairs)
    assert view.messages[-1]["role"] == "tool"


def test_text_ends_the_run_as_ever(make: Make) -> None:
    """The model may find nothing to report."""
    view = make(says("There is no city.")).run(**ONLY)

    assert (view.run.status, view.calls) == ("completed", [])


def test_beside_tools_that_run_the_model_goes_on(make: Make) -> None:
    """The result calls are answered at once, the others by their workers, and only a reply of valid result calls ends the run."""
    bench = make(calls(("City", ROME), ("lookup", {}), ("City", {})), calls(("City", ROME)))
    run_id = bench.start(**MIXED)
    bench.turns.advance(run_id)
    assert [call.status for call in bench.view(run_id).calls] == ["succeeded", "queued", "failed"]
    bench.work(run_id, 1)
    bench.turns.finish(run_id, 1, returned=True)

    view = bench.view(run_id)

    assert (view.run.status, view.run.repairs) == ("completed", 0)
    assert [call.execute for call in view.calls] == [False, True, False, False]
    assert [message["tool_call_id"] for message in bench.model.sent(1)[2:]] == ["call_0", "call_1", "call_2"]


def test_a_forced_choice_holds_while_calls_are_the_answer(make: Make) -> None:
    """Text would not be one. Beside tools that run it holds for the first turn."""
    choice: dict[str, JsonValue] = {"type": "function", "function": {"name": "City"}}
    only, mixed = make(calls(("City", {})), calls(("City", ROME))), make(calls(("City", {})), calls(("City", ROME)))

    only.run(**ONLY, options={"tool_choice": choice})
    mixed.run(**MIXED, options={"tool_choice": choice})

    assert [request.tool_choice for request in only.model.requests] == [NamedTool(name="City")] * 2
    assert [request.tool_choice for request in mixed.model.requests] == [NamedTool(name="City"), None]


def test_tools_are_offered_in_the_order_of_the_request(make: Make) -> None:
    """Those that run and those that do not alike."""
    bench = make(says("Hello."))

    view = bench.run(tools=("City", "lookup"), result_tools=(CITY,))

    assert [offer.name for offer in bench.model.requests[0].tools] == list(view.run.tools) == ["City", "lookup"]


def test_without_turns_for_a_repair_the_run_ends(make: Make) -> None:
    """The limit on turns holds for repairs, too."""
    view = make(calls(("City", {}))).run(**ONLY, max_turns=1)

    assert (view.run.status, view.run.incomplete_reason) == ("incomplete", "max_turns")


def test_a_doubled_doorbell_repairs_once(make: Make) -> None:
    """The repair is part of the reply's transaction."""
    bench = make(calls(("City", {})), asks("lookup"))
    run_id = bench.start(**MIXED)
    bench.turns.advance(run_id)
    bench.turns.advance(run_id)

    assert (bench.view(run_id).run.repairs, len(bench.model.requests)) == (1, 2)
