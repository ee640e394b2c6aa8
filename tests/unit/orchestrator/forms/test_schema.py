"""Which JSON schemas are taken."""

from typing import Any

import pytest

from orchestrator.forms.schema import MAX_BYTES, RefusedSchema, check

_OBJECT: dict[str, Any] = {"type": "object"}


def _of(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {**_OBJECT, "properties": {name: schema}, **more}


def _nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = _of("a", schema)
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        _OBJECT,
        _of("a", {"$ref": "#/$defs/B"}, **{"$defs": {"B": {"type": "integer"}}}),
        _of("a", {"$ref": "#/definitions/B~1C"}, definitions={"B/C": {"type": "integer"}}),
        _of("a", {"$ref": "#"}),
        _of("$id", {"type": "string"}),
        _of("$ref", {"enum": [{"$ref": "https://example.com"}]}),
        _of("a", {"pattern": "^(?!-)[0-9]+$"}),
        {**_OBJECT, "$schema": "http://json-schema.org/draft-07/schema#", "title": "A", "x-order": 1},
        {**_OBJECT, "properties": {"a": True}},
        _nested(20),
    ],
)
def test_a_schema_that_needs_nothing_from_outside_is_taken(schema: dict[str, Any]) -> None:
    """References stay within; what only looks like a keyword is a name."""
    check(schema)


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array"}, "must be of objects"),
        ({}, "must be of objects"),
        (_of("a", {"type": "text"}), "/properties/a/type is not valid"),
        (_of("a", {"$ref": "https://example.com/a.json"}), "no schema within"),
        (_of("a", {"$ref": "other.json#/a"}), "no schema within"),
        (_of("a", {"$ref": "#/$defs/none"}), "no schema within"),
        (_of("a", {"allOf": [{"pattern": rf"\w{{90}}{n}"} for n in range(20)]}), "too many patterns"),
        (_of("a", {"patternProperties": {r"\w{250}": True}}), "cannot be matched in bounded time"),
        (_of("a", {"$ref": "#anchor"}), "no schema within"),
        (_of("a%20b", {"$ref": "#/properties/a%20b"}), "no schema within"),
        (_of("a", {"$ref": "#/x-hidden/a"}, **{"x-hidden": {"a": {"type": "nonsense"}}}), "no schema within"),
        (_of("a", {"$id": "b"}), r"uses \$id"),
        (_of("a", {"$dynamicRef": "#a"}), r"uses \$dynamicRef"),
        (_of("a", {"unevaluatedProperties": False}), "uses unevaluatedProperties"),
        ({**_OBJECT, "patternProperties": {"(a)\\1": {}}}, "bounded time"),
        (_nested(33), "nested deeper"),
        (_of("a", {"description": "x" * MAX_BYTES}), "longer than"),
    ],
)
def test_any_other_is_refused_with_its_place(schema: dict[str, Any], why: str) -> None:
    """Its author learns what to change."""
    with pytest.raises(RefusedSchema, match=why):
        check(schema)
