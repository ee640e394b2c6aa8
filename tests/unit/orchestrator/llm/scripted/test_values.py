"""The values of parameters."""

from typing import Any

import pytest
from pydantic import JsonValue

from orchestrator.llm.scripted.parameters import Kind, Parameter
from orchestrator.llm.scripted.values import Asked, filler, listed, mentioned, number, numbers, texts
from orchestrator.llm.scripted.words import Clause, clauses

WEATHER = frozenset({"weather"})


def heard(text: str) -> list[Clause]:
    """The clauses of a text; the weather opens one."""
    return clauses(text, lambda words: any(word.lower == "weather" for word in words))


def parameter(schema: dict[str, JsonValue], *, nullable: bool = False) -> Parameter:
    """A required parameter."""
    return Parameter(name="value", schema=schema, required=True, nullable=nullable)


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (Kind.THING, 'the weather in "the north", not in Rome', ["the north"]),
        (Kind.THING, "does Alice like the weather in Rome", ["Rome"]),
        (Kind.THING, "Rome weather", ["Rome"]),
        (Kind.THING, "weather near the old harbour now", ["old harbour"]),
        (Kind.THING, "weather", []),
        (Kind.TICKER, "weather of A, BRK and I", ["BRK"]),
        (Kind.TICKER, "weather of Apple", ["Apple"]),
        (Kind.TOPIC, "weather about tides and storms", ["tides", "storms"]),
    ],
)
def test_a_text_is_found_by_the_first_rule_that_finds_any(kind: Kind, text: str, found: list[str]) -> None:
    """Quotes, then what looks like the kind, then names, then what is left."""
    assert texts(kind, Asked(heard(text), [], []), WEATHER) == found


def test_other_clauses_help_where_the_own_name_nothing() -> None:
    """A place counts wherever it stands, a ticker only where no tool has a use for it."""
    own, other = heard("the weather"), heard("I am in ROME")

    assert texts(Kind.THING, Asked(own, [], other), WEATHER) == ["ROME"]
    assert texts(Kind.TICKER, Asked(own, [], other), WEATHER) == []
    assert texts(Kind.TICKER, Asked(own, other, other), WEATHER) == ["ROME"]


def test_numbers_are_read_from_words() -> None:
    """With sign and fraction, and never too long to be a number."""
    assert numbers(heard("from -2 to 3.5 kg for 20USD")) == [-2, 3.5, 20]
    assert all(value < 1e15 for value in numbers(heard("9" * 400)))


def test_a_number_has_its_parameters_type() -> None:
    """An integer loses its fraction."""
    values = [
        number(2.5, parameter({"type": "integer"})),
        number(2.5, parameter({"type": "number"})),
        number(2.0, parameter({"type": "number"})),
    ]

    assert values == [2, 2.5, 2]


@pytest.mark.parametrize(
    ("schema", "nullable", "value"),
    [
        ({"type": "string", "default": "a"}, False, "a"),
        ({"type": "string"}, True, None),
        ({"enum": [None, "b", "c"]}, False, "b"),
        ({"const": 3}, False, 3),
        ({"type": "boolean"}, False, False),
        ({"type": "object"}, False, {}),
        ({}, False, ""),
    ],
)
def test_a_required_value_that_nobody_names_is_filled(schema: dict[str, Any], nullable: bool, value: JsonValue) -> None:  # noqa: FBT001 - a parametrized value
    """By default, null, choice or type."""
    assert filler(parameter(schema, nullable=nullable)) == value


def test_a_choice_is_mentioned_in_any_case() -> None:
    """And in the plural."""
    choosing = parameter({"enum": ["cat", "dog"]})

    assert mentioned(choosing, heard("I like Dogs")) == "dog"
    assert mentioned(choosing, heard("I like birds")) is None


def test_an_array_takes_names_or_numbers() -> None:
    """By the type of its items."""
    kinds: list[JsonValue] = [{"type": "string"}, {"type": "integer"}, {"type": "object"}]

    assert [listed(parameter({"type": "array", "items": items}), ["a"], [1.5, 2]) for items in kinds] == [["a"], [1, 2], []]
