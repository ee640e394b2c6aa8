"""Schemas in the part of JSON Schema that Anthropic binds answers to."""

from typing import Any

import pytest
from anthropic import transform_schema

from orchestrator.llm.wires.messages.schema import bound

PERSON: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Person",
    "type": "object",
    "$defs": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}},
    "properties": {
        "age": {"type": "integer", "minimum": 0, "description": "In years."},
        "born": {"type": "string", "format": "date"},
        "site": {"type": "string", "format": "iri"},
        "pets": {"type": "array", "items": {"$ref": "#/$defs/Pet"}, "minItems": 1, "maxItems": 3},
        "home": {"oneOf": [{"type": "string"}, {"type": "null"}]},
        "size": {"enum": ["s", "m"]},
        "kind": {"const": "human"},
    },
    "required": ["age"],
}


def test_objects_are_closed_and_what_is_unknown_is_told() -> None:
    """Nothing that the caller asked for is lost."""
    schema = bound(PERSON)
    properties: Any = schema["properties"]
    definitions: Any = schema["$defs"]
    assert (schema["additionalProperties"], definitions["Pet"]["additionalProperties"]) == (False, False)
    assert properties["age"] == {"type": "integer", "description": "In years.\n\n{minimum: 0}"}
    assert properties["site"] == {"type": "string", "description": "{format: iri}"}
    assert properties["pets"] == {"type": "array", "items": {"$ref": "#/$defs/Pet"}, "minItems": 1, "description": "{maxItems: 3}"}
    assert properties["home"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_it_is_what_the_sdk_makes_of_it() -> None:
    """But for the name of the dialect, which the SDK writes into the description."""
    schema = {key: value for key, value in PERSON.items() if key != "$schema"}
    assert bound(schema) == transform_schema(schema)


@pytest.mark.parametrize(
    "junk", [{"properties": None}, {"anyOf": 7}, {"items": True}, {"format": ["date"]}, {"minItems": []}, {"type": []}]
)
def test_a_schema_that_is_none_is_left_to_the_provider(junk: dict[str, Any]) -> None:
    """It says what is wrong with it."""
    assert isinstance(bound(junk), dict)
