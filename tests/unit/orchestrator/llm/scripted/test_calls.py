"""The calls of one tool."""

from pydantic import JsonValue

from orchestrator.llm.scripted.calls import calls_of, demanded, takes_any_question
from orchestrator.llm.scripted.request import Function
from orchestrator.llm.scripted.values import Asked
from orchestrator.llm.scripted.words import clauses

TEXT: JsonValue = {"type": "string"}


def function(**properties: JsonValue) -> Function:
    """A tool that requires all these parameters."""
    return Function(name="tool", parameters={"properties": properties, "required": list(properties)})


def asked(text: str) -> Asked:
    """A text that is all the tool's own."""
    found = clauses(text, lambda _: False)
    return Asked(found, [], found)


def test_each_thing_gets_a_call_with_the_same_other_values() -> None:
    """Numbers and choices are shared."""
    tool = function(city=TEXT, days={"type": "integer"}, units={"enum": ["metric", "imperial"]})

    calls = calls_of(tool, frozenset(), asked("3 days in Rome, Oslo, imperial"))

    assert [call.arguments for call in calls] == [{"city": city, "days": 3, "units": "imperial"} for city in ("Rome", "Oslo")]


def test_a_tool_without_texts_is_called_once() -> None:
    """It needs nothing of the question."""
    assert [call.arguments for call in calls_of(function(), frozenset(), asked("the time"))] == [{}]


def test_pairs_of_places_are_dealt_out_in_turn() -> None:
    """Four places are two flights."""
    calls = calls_of(function(origin=TEXT, destination=TEXT), frozenset(), asked("from Rome to Oslo, from Bonn to Bern"))

    assert [call.arguments for call in calls] == [{"origin": "Rome", "destination": "Oslo"}, {"origin": "Bonn", "destination": "Bern"}]


def test_an_optional_parameter_is_left_out() -> None:
    """Unless one of its choices is named."""
    properties: dict[str, JsonValue] = {"note": TEXT, "size": {"enum": ["small", "big"]}}
    tool = Function(name="tool", parameters={"properties": properties})

    assert calls_of(tool, frozenset(), asked("a big one"))[0].arguments == {"size": "big"}


def test_a_demanded_call_takes_the_question_itself() -> None:
    """For each of its texts."""
    assert demanded(function(a=TEXT, b={"type": "boolean"}), "Why?").arguments == {"a": "Why?", "b": False}


def test_a_tool_with_a_query_takes_any_question() -> None:
    """If that is its only text."""
    tools = (function(query=TEXT), function(search_query=TEXT, n={"type": "integer"}), function(query=TEXT, site=TEXT), function(city=TEXT))

    assert [takes_any_question(tool) for tool in tools] == [True, True, False, False]
