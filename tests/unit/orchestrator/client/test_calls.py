"""Typed calls: their types, their order, and what is not valid."""

from collections.abc import Iterable
from typing import Any, Literal, assert_type

import pytest
from pydantic import BaseModel, field_validator

from orchestrator.client import Calls, InvalidCalls, NotCompleted
from tests.unit.orchestrator.cli.service import RUN_ID
from tests.unit.orchestrator.client.services import MESSAGES, Json, Runs, made, with_calls


class Weather(BaseModel):
    """The weather in a place."""

    location: str
    units: Literal["imperial", "metric"] = "metric"

    @field_validator("location")
    @classmethod
    def _on_earth(cls, location: str) -> str:
        if location == "moon":
            raise ValueError("there is no weather there")
        return location


class GoogleSearch(BaseModel):
    """A search."""

    query: str


TORONTO = made(0, "Weather", '{"location":"toronto","units":null}')
DALLAS = made(1, "Weather", '{"location":"dallas","units":"imperial"}')
SEARCH = made(2, "GoogleSearch", '{"query":"super bowl"}')
MOON = made(1, "Weather", '{"location":"moon"}')
TEXT = made(1, "Weather", '{"location":4}', error=("invalid_arguments", "location: Input should be a valid string."))
UNKNOWN = made(0, "get_news", "{}", error=("unknown_tool", "There is no tool 'get_news'."))


def asked(runs: Runs, **options: Any) -> Calls[Weather | GoogleSearch]:
    """What the calls come to."""
    with runs.client() as client:
        return client.calls(messages=MESSAGES, types=Weather | GoogleSearch, **options)


def problems(runs: Runs, **options: Any) -> InvalidCalls:
    """How invalid calls are told."""
    with pytest.raises(InvalidCalls) as raised:
        asked(runs, **options)
    return raised.value


def test_calls_come_back_as_objects_in_the_models_order() -> None:
    """Several types mixed, each with the id of its call."""
    found = asked(Runs(with_calls(TORONTO, DALLAS, SEARCH)))

    assert list(found) == [
        Weather(location="toronto"),
        Weather(location="dallas", units="imperial"),
        GoogleSearch(query="super bowl"),
    ]
    assert found.ids == (f"{RUN_ID}.1.0", f"{RUN_ID}.1.1", f"{RUN_ID}.1.2")
    assert (found.run_id, found.invalid, len(found), found[-1], found[:1]) == (RUN_ID, (), 3, GoogleSearch(query="super bowl"), (found[0],))
    assert "Weather(location='toronto'" in repr(found)


def test_the_type_checker_knows_what_comes_back() -> None:
    """Whichever way the types are said; an untyped list would be checked by nobody."""
    with Runs(*[with_calls()] * 6).client() as client:
        assert_type(client.calls(messages=MESSAGES, types=Weather), Calls[Weather])
        assert_type(client.calls(messages=MESSAGES, types=Weather | GoogleSearch), Calls[Weather | GoogleSearch])
        assert_type(client.calls(messages=MESSAGES, types=Iterable[Weather | GoogleSearch]), Calls[Weather | GoogleSearch])
        assert_type(client.calls(messages=MESSAGES, types=list[Weather]), Calls[Weather])
        assert_type(client.calls(messages=MESSAGES, types=(Weather, GoogleSearch)), Calls[Weather | GoogleSearch])
        for each in client.calls(messages=MESSAGES, types=Weather | GoogleSearch):
            assert_type(each, Weather | GoogleSearch)


def test_the_request_describes_the_types_as_tools_that_are_not_executed() -> None:
    """Beside tools that are; the other fields are the run's own."""
    runs = Runs(with_calls())

    asked(runs, model="openai/gpt-4.1-mini", tools=["get_news"], max_repairs=3, max_turns=2, idempotency_key="mine")

    body = runs.bodies[0]
    described = [(tool["function"]["name"], tool["execute"]) for tool in body["tools"][1:]]
    assert (body["tools"][0], described) == ("get_news", [("Weather", False), ("GoogleSearch", False)])
    assert {name: body[name] for name in body if name != "tools"} == {
        "messages": MESSAGES,
        "model": "openai/gpt-4.1-mini",
        "max_repairs": 3,
        "max_turns": 2,
    }
    assert runs.keys == ["mine"]


def test_a_reply_without_a_call_is_no_error() -> None:
    """The text can be read."""
    found = asked(Runs(with_calls(output="Which city?")))

    assert (list(found), found.output) == ([], "Which city?")


def test_calls_of_executed_tools_are_none_of_the_result() -> None:
    """They were answered in the run."""
    executed = made(0, "get_news", "{}")

    assert list(asked(Runs(with_calls(executed, made(0, "GoogleSearch", '{"query":"x"}', turn=2))))) == [GoogleSearch(query="x")]


def test_what_the_service_has_repaired_is_not_invalid() -> None:
    """The valid calls of the first turn and those of the second are the result."""
    mended = made(0, "Weather", '{"location":"dallas"}', turn=2)

    found = asked(Runs(with_calls(TORONTO, TEXT, mended)))

    assert [each.location for each in found if isinstance(each, Weather)] == ["toronto", "dallas"]
    assert found.invalid == ()


def test_what_the_model_does_not_mend_is_invalid() -> None:
    """It answered in words instead, so nothing tells that it meant to drop the call."""
    error = problems(Runs(with_calls(TORONTO, TEXT, output="Sorry."), with_calls(output="Sorry.")))

    assert [(call.id, call.name, call.arguments, call.problem) for call in error.invalid] == [
        (f"{RUN_ID}.1.1", "Weather", '{"location":4}', "location: Input should be a valid string.")
    ]


def test_calls_that_stay_invalid_are_told_with_the_valid_ones() -> None:
    """The service has given up, so the client does not go on."""
    ended = with_calls(UNKNOWN, DALLAS, status="incomplete", incomplete_details={"reason": "invalid_tool_calls"})

    error = problems(Runs(ended))

    assert error.values == (Weather(location="dallas", units="imperial"),)
    assert (error.ids, error.run.id) == ((f"{RUN_ID}.1.1",), RUN_ID)
    assert str(error) == "1 of 2 calls are not valid: get_news({}): There is no tool 'get_news'."


def test_invalid_calls_may_be_reported() -> None:
    """For who takes what there is."""
    ended = with_calls(UNKNOWN, DALLAS, status="incomplete", incomplete_details={"reason": "invalid_tool_calls"})

    found = asked(Runs(ended), on_invalid="report")

    assert (len(found), [call.name for call in found.invalid]) == (1, ["get_news"])


def test_what_only_a_validator_refuses_is_repaired_by_a_new_run() -> None:
    """It continues the one before; the calls that were valid stay."""
    runs = Runs(with_calls(TORONTO, MOON), with_calls(DALLAS, id="run_2"))

    found = asked(runs, model="m", idempotency_key="mine")

    told = (
        "These calls are not valid:\n"
        '- Weather({"location":"moon"}): The arguments do not fit the tool\'s parameters. '
        "location: Value error, there is no weather there.\n"
        "Make each of them again with valid arguments, and no others."
    )
    again = runs.bodies[1]
    assert [each.location for each in found if isinstance(each, Weather)] == ["toronto", "dallas"]
    assert (again["messages"], again["previous_run_id"]) == ([{"role": "user", "content": told}], RUN_ID)
    assert (again["model"], again["tools"]) == ("m", runs.bodies[0]["tools"])
    assert (runs.keys, found.run_id) == (["mine", "mine.1"], "run_2")


@pytest.mark.parametrize(("max_repairs", "expected"), [(0, 1), (1, 2), (3, 4)])
def test_repairs_are_bounded(max_repairs: int, expected: int) -> None:
    """A model that does not learn costs no more than it was given."""
    runs = Runs(*[with_calls(TORONTO, MOON)] * 9)

    error = problems(runs, max_repairs=max_repairs)

    assert (len(runs.bodies), len(error.invalid)) == (expected, 1)


@pytest.mark.parametrize(
    "second",
    [with_calls(output="I cannot."), with_calls(status="failed", error={"code": "rate_limited", "message": "Slow down."}, output=None)],
)
def test_a_repair_without_calls_leaves_the_call_invalid(second: Json) -> None:
    """What was valid before is not lost with it."""
    error = problems(Runs(with_calls(TORONTO, MOON), second))

    assert (error.values, [call.arguments for call in error.invalid]) == ((Weather(location="toronto"),), ['{"location":"moon"}'])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "failed", "error": {"code": "rate_limited", "message": "Slow down."}}, "is failed: Slow down (rate_limited)."),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "deadline"}},
            "is incomplete: its deadline passed; a greater `deadline_s` gives it more time (deadline).",
        ),
        ({"status": "cancelled"}, "is cancelled"),
    ],
)
def test_a_run_that_ends_badly_is_an_error(fields: Json, said: str) -> None:
    """Its calls, if any, are not its result."""
    with pytest.raises(NotCompleted) as raised:
        asked(Runs(with_calls(TORONTO, **fields)))

    assert str(raised.value) == f"{RUN_ID} {said}"
    assert raised.value.run.id == RUN_ID


def test_types_that_are_none_are_refused_before_anything_is_asked() -> None:
    """They are the caller's mistake."""
    runs = Runs()

    with runs.client() as client, pytest.raises(TypeError, match="int"):
        client.calls(messages=MESSAGES, types=int)  # pyright: ignore[reportArgumentType]  # That is what is refused.
