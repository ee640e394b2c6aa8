"""The JSON schema of an answer in the part of JSON Schema that Anthropic binds an answer to.

Source: "Structured outputs: JSON Schema limitations" (Anthropic, November 2026), and what its SDK does with a model's schema.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator.llm.wire import Body

_KEPT: Final = frozenset({"type", "required", "enum", "const", "description", "title", "$ref"})
_MAPS: Final = frozenset({"properties", "$defs"})
_LISTS: Final = frozenset({"anyOf", "allOf"})
_FORMATS: Final = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
_MIN_ITEMS: Final = (0, 1)
_DROPPED: Final = frozenset({"additionalProperties", "$schema", "$id"})


def bound(schema: Mapping[str, JsonValue]) -> Body:
    """The schema with all objects closed. What the API does not know goes into the description: the model may heed it, and the
    answer is validated against the whole schema anyway."""
    found: Body = {}
    told: list[str] = []
    for key, value in schema.items():
        if (converted := _converted(key, value)) is not None:
            found |= converted
        elif key not in _DROPPED:
            told.append(f"{key}: {value}")
    if found.get("type") == "object" or "properties" in found:
        found["additionalProperties"] = False
    if told:
        found["description"] = "\n\n".join(filter(None, (str(found.get("description") or ""), f"{{{', '.join(told)}}}")))
    return found


def _converted(key: str, value: Any) -> Body | None:
    """The keyword in the API's form, or None where it has none."""
    if key in _KEPT or (key == "format" and value in _FORMATS) or (key == "minItems" and value in _MIN_ITEMS):
        return {key: value}
    if key in _MAPS and isinstance(value, Mapping):
        return {key: {name: _inner(each) for name, each in cast("Mapping[str, Any]", value).items()}}
    if key in _LISTS and isinstance(value, list):
        return {key: [_inner(each) for each in cast("list[Any]", value)]}
    if key == "oneOf" and isinstance(value, list):
        return {"anyOf": [_inner(each) for each in cast("list[Any]", value)]}
    return {key: _inner(value)} if key == "items" else None


def _inner(schema: Any) -> JsonValue:
    return bound(cast("Mapping[str, JsonValue]", schema)) if isinstance(schema, Mapping) else schema
