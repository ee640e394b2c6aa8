"""Which schemas are in the form that providers can hold a model to."""

from typing import Any

import pytest

from orchestrator.forms.strict import is_strict


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (_object(), True),
        (_object(a={"type": "string"}, b={"type": "array", "items": _object(c={"type": "integer"})}), True),
        (_object(a={"anyOf": [{"type": "string"}, {"type": "null"}], "description": "x", "title": "A"}), True),
        ({**_object(a={"$ref": "#/$defs/B"}, b={"$ref": "#/$defs/B"}), "$defs": {"B": _object(c={"enum": ["x"]})}}, True),
        ({"type": "object"}, False),
        ({**_object(a={"type": "string"}), "required": []}, False),
        ({**_object(), "additionalProperties": True}, False),
        (_object(a={"type": "object"}), False),
        (_object(a={"type": ["object", "null"]}), False),
        (_object(a={"type": "integer", "minimum": 1}), False),
        (_object(a={"type": "string", "format": "color"}), False),
        (_object(a={}), False),
        (_object(a=True), False),
        (_object(a={"$ref": "#"}), False),
        (
            {**_object(a={"$ref": "#/$defs/B"}), "$defs": {"B": _object(c={"$ref": "#/$defs/C"}), "C": _object(b={"$ref": "#/$defs/B"})}},
            False,
        ),
    ],
)
def test_only_what_every_provider_keeps_is_strict(schema: dict[str, Any], strict: bool) -> None:  # noqa: FBT001 - a case's expectation
    """Every key required, none in addition, no range, no recursion."""
    assert is_strict(schema) is strict
