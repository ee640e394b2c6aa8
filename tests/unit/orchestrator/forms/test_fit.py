"""Whether values fit schemas, in bounded time."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from orchestrator.forms import fit, patterns
from orchestrator.forms.schema import check

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 1.5]) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
_SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries(
        {}, optional={"type": _TYPES, "pattern": st.just("^a"), "minimum": st.just(1), "enum": st.lists(_JSON, max_size=2)}
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
            "additionalProperties": st.booleans() | inner,
            "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
            "items": inner,
            "uniqueItems": st.booleans(),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=6,
)
_LIBRARY: Any = Draft202012Validator
_RECURSIVE: dict[str, Any] = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "required": ["next"],
    "additionalProperties": False,
}


@given(_SCHEMAS, _JSON)
def test_what_fits_is_what_json_schema_says(schema: dict[str, Any], value: JsonValue) -> None:
    """Our own checks of patterns, keys and equal items agree with the library's."""
    assert (fit.problems(schema, value) == ()) == _LIBRARY(schema).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        ({"properties": {"a": {"items": {"type": "integer"}}}}, {"a": [1, "x"]}, "a.1 must be of type integer, not a string."),
        ({"required": ["a"]}, {}, "the object lacks a key: 'a' is a required property."),
        ({"additionalProperties": False}, {"b": 1}, 'the object has keys too many: ["b"].'),
        ({"properties": {"a": {"enum": ["x", "y"]}}}, {"a": "z"}, 'a must be one of ["x", "y"].'),
        ({"properties": {"a": {"type": ["string", "null"]}}}, {"a": 1}, "a must be of type string or null, not an integer."),
        ({"properties": {"a": False}}, {"a": 1}, "the object has what is not allowed there."),
        ({"properties": {"a": {"const": "b" * 500}}}, {"a": 1}, f'a does not satisfy const: "{"b" * 199}....'),
    ],
)
def test_a_problem_has_its_place_and_reason(schema: dict[str, Any], value: JsonValue, problem: str) -> None:
    """The model knows what it wrote, so that is not repeated."""
    assert fit.problems(schema, value) == (problem,)


def test_few_problems_are_told() -> None:
    """A model mends what it reads of first."""
    assert len(fit.problems({"items": {"type": "string"}}, list(range(1000)))) == 5


@pytest.mark.parametrize(("levels", "fits"), [(10, True), (100_000, False)])
def test_a_recursive_schema_ends_with_its_value(levels: int, fits: bool) -> None:  # noqa: FBT001 - a case's expectation
    """However deep that is."""
    value: JsonValue = None
    for _ in range(levels):
        value = {"next": value}
    check(_RECURSIVE)

    assert (fit.problems(_RECURSIVE, value) == ()) == fits


def _endless() -> dict[str, Any]:
    return {"type": "object", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}


def _branching() -> dict[str, Any]:
    definitions: dict[str, Any] = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)}
    return {"type": "object", "$defs": {**definitions, "d30": {"type": "integer"}}, "properties": {"x": {"$ref": "#/$defs/d0"}}}


def _backtracking() -> dict[str, Any]:
    return {"type": "object", "properties": {"x": {"pattern": "^(a+)+$"}}}


@pytest.mark.parametrize("schema", [_endless(), _branching(), _backtracking()])
def test_no_schema_takes_for_ever(schema: dict[str, Any]) -> None:
    """Not one that refers to itself, doubles at every level, or has a pattern that others match for years."""
    check(schema)

    assert fit.problems(schema, {"x": "a" * 10_000 + "b"}) != ()


@pytest.mark.parametrize("wanted", [{"items": {"enum": [*range(10_000)]}}, {"allOf": [{"uniqueItems": True}] * 2500}])
def test_what_is_gone_through_counts(wanted: JsonValue) -> None:
    """Each took minutes with the steps of keywords alone, though the value fits."""
    schema: dict[str, JsonValue] = {"type": "object", "properties": {"x": wanted}}
    check(schema)

    assert fit.problems(schema, {"x": [*range(10_000)]}) == (fit.TOO_MUCH,)


def test_problems_that_nobody_is_told_of_take_no_room() -> None:
    """Of a schema that is one of several, all problems are kept, and each quotes all that is allowed."""
    schema: dict[str, Any] = {"type": "object", "properties": {"x": {"anyOf": [{"items": {"enum": ["a" * 60_000]}}]}}}
    check(schema)
    value: JsonValue = {"x": [*range(1000)]}
    tracemalloc.start()

    assert fit.problems(schema, value) == (fit.TOO_MUCH,)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 10_000_000


def test_a_reference_that_leads_nowhere_fits_nothing() -> None:
    """A run whose schema was taken by mistake ends, and does not ask its model again and again."""
    assert fit.problems({"properties": {"a": {"$ref": "#nowhere"}}}, {"a": 1}) != ()


def test_a_pattern_that_looks_around_is_not_looked_at() -> None:
    """No engine matches it in bounded time. Pydantic writes one for decimals."""
    assert patterns.compiled("^(?!a)b$") is None
    assert fit.problems({"pattern": "^(?!a)b$"}, "a") == ()
