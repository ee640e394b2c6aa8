"""The parameters of a tool."""

from typing import Any

from orchestrator.llm.scripted.parameters import Kind, Parameter, parameters


def only(inner: dict[str, Any], *, name: str = "value", required: bool = True, definitions: dict[str, Any] | None = None) -> Parameter:
    """The one parameter with this schema."""
    schema: dict[str, Any] = {"properties": {name: inner}, "required": [name] if required else [], "$defs": definitions or {}}
    return parameters(schema)[0]


def test_a_required_text_must_be_named_by_the_question() -> None:
    """One with choices, a default or null need not be."""
    schemas: list[dict[str, Any]] = [
        {"type": "string"},
        {"type": "string", "enum": ["a"]},
        {"type": "string", "default": "a"},
        {"type": ["string", "null"]},
        {"type": "integer"},
    ]

    assert [only(schema).is_free_text for schema in schemas] == [True, False, False, False, False]
    assert not only({"type": "string"}, required=False).is_free_text


def test_null_is_taken_out_of_a_union() -> None:
    """The strict form of an optional value says anyOf with null."""
    parameter = only({"anyOf": [{"type": "integer"}, {"type": "null"}]})

    assert (parameter.type, parameter.nullable) == ("integer", True)


def test_a_reference_is_followed() -> None:
    """Enums of Python come as references into $defs."""
    parameter = only({"$ref": "#/$defs/Units"}, definitions={"Units": {"type": "string", "enum": ["metric", "imperial"]}})

    assert parameter.choices == ["metric", "imperial"]


def test_the_kind_of_a_text_is_told_by_its_name_or_description() -> None:
    """Tickers and topics are looked for in their own way."""
    kinds = [only({"type": "string"}, name=name).kind for name in ("stock_ticker", "topic", "city")]
    described = only({"type": "string", "description": "The ticker symbol."}, name="stock").kind

    assert [*kinds, described] == [Kind.TICKER, Kind.TOPIC, Kind.THING, Kind.TICKER]


def test_a_schema_that_says_nothing_has_no_parameters() -> None:
    """Nor has one that is nonsense."""
    assert parameters({}) == parameters({"properties": 1, "required": "a"}) == []
