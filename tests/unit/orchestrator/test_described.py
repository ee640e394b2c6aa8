"""Tools and answers that a request describes itself."""

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.api.fields import field_errors
from orchestrator.schemas.request import RunRequest

_STRICT: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
_LOOSE: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}


def _read(**fields: Any) -> RunRequest:
    return RunRequest.model_validate({"messages": [{"role": "user", "content": "Hello."}]} | fields)


def _tool(name: str = "City", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}, "execute": False}


@pytest.mark.parametrize(
    ("more", "is_strict"),
    [
        ({"parameters": _STRICT}, True),
        ({"parameters": _STRICT, "strict": False}, False),
        ({"parameters": _LOOSE}, False),
        ({"parameters": _LOOSE, "strict": True}, False),
        ({}, True),
        ({"parameters": None, "description": None}, True),
    ],
)
def test_a_provider_is_held_to_a_schema_in_strict_form(more: dict[str, Any], is_strict: bool) -> None:  # noqa: FBT001 - a case's expectation
    """Unless the caller says no. A schema that is in another form is offered as it is."""
    [offer] = _read(tools=["get_weather", _tool(**more)]).result_tools()

    assert (offer["strict_parameters"] == offer["parameters"]) is is_strict


def test_a_provider_is_asked_for_every_property_where_strict_is_wished() -> None:
    """What is posted stays what is checked, in calls and in answers."""
    inner: dict[str, Any] = {"type": "object", "properties": {"required": {"type": "string"}}, "additionalProperties": False}
    whole: dict[str, Any] = inner | {
        "properties": {"properties": inner, "b": {"anyOf": [inner, {"enum": [{"properties": {}}]}]}},
        "required": ["b"],
    }
    asked = inner | {"required": ["required"]}
    form: dict[str, Any] = whole | {
        "properties": {"properties": asked, "b": {"anyOf": [asked, {"enum": [{"properties": {}}]}]}},
        "required": ["properties", "b"],
    }
    read = _read(
        tools=[_tool(parameters=whole, strict=True)],
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": whole, "strict": True}},
    )

    [offer] = read.result_tools()
    assert (offer["parameters"], offer["strict_parameters"]) == (whole, form)
    assert read.response_format is not None
    answer = read.response_format.form()
    assert (answer["answer_schema"], answer["strict_schema"]) == (whole, form)


def test_both_kinds_have_their_place() -> None:
    """The model sees them in the request's order."""
    assert _read(tools=[_tool(), "get_weather"]).tool_names() == ("City", "get_weather")


def test_any_object_is_a_form() -> None:
    """OpenAI's older word for it."""
    posted = _read(response_format={"type": "json_object"}).response_format

    assert posted is not None
    assert posted.form()["answer_schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"tools": [{"type": "function", "function": {"name": "City"}}]}, "tools.0", '"execute": false'),
        ({"tools": [_tool() | {"execute": True}]}, "tools.0", "named, not described"),
        ({"tools": ["City", _tool()]}, "tools", "Name each tool once"),
        ({"tools": [_tool(parameters={"type": "array"})]}, "tools.0.function.parameters", "must be of objects"),
        ({"tools": [_tool(parameters={"type": "object", "properties": {"a": {"$ref": "http://x"}}})]}, "tools.0.function.parameters", "/a"),
        ({"tools": [_tool("a b")]}, "tools.0.function.name", "pattern"),
        ({"tools": [_tool(params={})]}, "tools.0.function.params", "Unknown field"),
        ({"tools": [3]}, "tools.0", "A tool is a name"),
        ({"response_format": {"type": "text"}}, "response_format.type", "must be one of json_schema, json_object"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, "response_format.json_schema.schema", "required"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "x"}}}},
            "response_format.json_schema.schema",
            "not valid",
        ),
        ({"max_repairs": 6}, "max_repairs", "less than or equal to 5"),
        ({"max_total_tokens": 0}, "max_total_tokens", "greater than"),
        ({"max_cost_usd": "1"}, "max_cost_usd", "number"),
        ({"previous_run_id": "run_1"}, "previous_run_id", "pattern"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(fields: dict[str, Any], field: str, message: str) -> None:
    """A place in the request, and what to do."""
    with pytest.raises(ValidationError) as error:
        _read(**fields)

    [found] = field_errors(error.value.errors(include_url=False, include_input=False))
    assert found.field == field
    assert message in found.message
