"""tasks/strict.py: the providers' strict form."""

from typing import Any

import pytest

from tasks.strict import NoStrictForm, strict_form

CLOSED: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return CLOSED | {"properties": properties, "required": [*properties] if required is None else required}


def _strict(value: dict[str, Any], **definitions: Any) -> Any:
    """The strict form of one required parameter's schema."""
    return strict_form(_object({"x": value}) | {"$defs": definitions}, set())["properties"]["x"]


def _reason(value: dict[str, Any], **definitions: Any) -> str:
    with pytest.raises(NoStrictForm) as caught:
        _strict(value, **definitions)
    return str(caught.value)


def test_a_plain_object_only_gains_what_strict_mode_demands() -> None:
    """All properties required, none in addition."""
    strict = strict_form(_object({"city": {"type": "string", "description": "City."}}), set())

    assert strict == _object({"city": {"type": "string", "description": "City."}})


def test_an_optional_parameter_becomes_required_and_nullable() -> None:
    """Null stands for "left out"; the description tells what then holds."""
    schema = _object({"n": {"type": "integer", "default": 3, "description": "How many."}}, required=[])

    strict = strict_form(schema, {"n"})

    assert strict["required"] == ["n"]
    assert strict["properties"]["n"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "How many. (default: 3)"}


def test_what_not_every_provider_enforces_is_told_in_words() -> None:
    """Ranges, lengths, patterns and odd formats move into the description, and no such keyword stays."""
    assert _strict({"type": "integer", "minimum": 1, "maximum": 9}) == {"type": "integer", "description": "(minimum: 1, maximum: 9)"}
    assert _strict({"type": "string", "pattern": "^a", "description": "Name."})["description"] == 'Name. (pattern: "^a")'
    assert _strict({"type": "string", "format": "uri"}) == {"type": "string", "description": "(format: uri)"}
    assert _strict({"type": "array", "items": {"type": "string"}, "uniqueItems": True})["description"] == "(uniqueItems: true)"


def test_a_format_that_both_know_stays() -> None:
    """Dates and the like are enforced by OpenAI and Anthropic."""
    assert _strict({"type": "string", "format": "date-time"}) == {"type": "string", "format": "date-time"}


def test_titles_examples_and_discriminators_are_dropped() -> None:
    """They change nothing in what is accepted."""
    assert _strict({"type": "string", "title": "X", "examples": ["a"], "deprecated": True}) == {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"enum": ["a", None, 1]}, {"type": ["integer", "null", "string"], "enum": ["a", None, 1]}),
        ({"enum": [True]}, {"type": "boolean", "enum": [True]}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ],
)
def test_choices_are_written_with_enum_and_any_of(schema: dict[str, Any], strict: dict[str, Any]) -> None:
    """Const and oneOf are not known to all; every enum says its type."""
    assert _strict(schema) == strict


def test_references_are_resolved() -> None:
    """A reference may have no siblings in strict mode, but each parameter has a description."""
    colour = {"type": "string", "enum": ["red"], "description": "A colour."}

    assert _strict({"$ref": "#/$defs/Colour", "description": "Of the car."}, Colour=colour) == {
        "type": "string",
        "enum": ["red"],
        "description": "Of the car.",
    }
    assert _strict({"$ref": "#/$defs/Colour"}, Colour=colour)["description"] == "A colour."


def test_an_inner_default_becomes_a_required_value_that_is_told() -> None:
    """Inside a model null would not mean "left out", so the model writes the value itself."""
    inner = {"type": "object", "properties": {"n": {"type": "integer", "default": 3}}}

    assert _strict(inner) == _object({"n": {"type": "integer", "description": "(default: 3)"}})


def test_an_inner_property_that_admits_null_needs_no_default() -> None:
    """Null says enough."""
    optional = {"anyOf": [{"type": "string"}, {"type": "null"}]}

    assert _strict({"type": "object", "properties": {"note": optional}})["required"] == ["note"]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({}, "parameters.x takes any value"),
        ({"description": "Anything."}, "parameters.x takes any value"),
        ({"type": "array", "items": {}}, "parameters.x.items takes any value"),
        ({"type": "array"}, "parameters.x.items takes any value"),
        ({"type": "object"}, "parameters.x takes free-form keys"),
        ({"type": "object", "additionalProperties": True}, "parameters.x takes free-form keys"),
        ({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}}, "parameters.x takes free-form keys"),
        ({"type": "array", "prefixItems": [{"type": "string"}]}, "parameters.x uses prefixItems"),
        ({"type": "string", "not": {"enum": ["a"]}}, "parameters.x uses not"),
        ({"enum": [["a"]]}, "parameters.x has an enum of objects or arrays"),
        (
            {"type": "object", "properties": {"ids": {"type": "array", "items": {"type": "string"}}}},
            "parameters.x.ids can be left out, but its default cannot be told",
        ),
    ],
)
def test_what_cannot_be_strict_is_named_with_its_place(schema: dict[str, Any], reason: str) -> None:
    """The author learns which parameter it is and why."""
    assert _reason(schema) == reason


def test_recursion_has_no_strict_form() -> None:
    """Anthropic refuses it."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}, "required": ["next"]}

    assert _reason({"$ref": "#/$defs/Node"}, Node=node) == "parameters.x.next is recursive"


def test_a_model_used_twice_is_not_recursion() -> None:
    """Only a model inside itself is."""
    point = _object({"x": {"type": "integer"}})
    line = _object({"start": {"$ref": "#/$defs/Point"}, "end": {"$ref": "#/$defs/Point"}})

    assert _strict(line, Point=point) == _object({"start": point, "end": point})


def test_the_providers_sizes_are_kept() -> None:
    """Ten levels, five thousand properties and a thousand enum values, counted over the whole schema."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(10):
        deep = _object({"x": deep})
    wide = _object({f"p{number}": {"type": "string"} for number in range(5000)})

    assert "levels" in _reason(deep)
    assert "properties" in _reason(wide)
    assert _reason({"enum": list(range(1001))}) == "parameters.x exceeds 1000 enum values"


def test_the_schema_itself_is_left_alone() -> None:
    """Both forms are announced."""
    schema = _object({"n": {"type": "integer", "default": 3}}, required=[])
    strict_form(schema, {"n"})

    assert schema == _object({"n": {"type": "integer", "default": 3}}, required=[])
