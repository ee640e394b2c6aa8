"""The form of a schema that providers can hold a model to."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator.forms.schema import Place, subschemas, target

#: What OpenAI and Anthropic both take.
_KEYWORDS: Final = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"),
        *("description", "title", "default", "format", "$defs", "$ref"),
    }
)
_FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})


def strict_form(schema: dict[str, JsonValue], wish: bool | None) -> dict[str, JsonValue] | None:  # noqa: FBT001 - a field as it was posted
    """What a provider is asked to keep to: the schema where it is in the form for that, unless the caller says no. Where he says
    yes, every property is made required, for providers take no other; what is checked stays as it was posted. None where there
    is no such form. `schema` was taken."""
    form = _all_required(schema) if wish else schema
    return form if wish is not False and is_strict(form) else None


def _all_required(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    form = deepcopy(schema)
    for _, found in subschemas(form):
        if "properties" in found:
            cast("dict[str, JsonValue]", found)["required"] = [*found["properties"]]
    return form


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether every key of every object is required, none may be added, and nothing else is asked for that only some
    providers keep. `schema` was taken."""
    places = dict(subschemas(schema))
    return all(map(_is_plain, places.values())) and not _is_recursive(places)


def _is_plain(schema: Mapping[str, Any]) -> bool:
    if not schema or schema.keys() - _KEYWORDS or schema.get("format", "date") not in _FORMATS or schema.get("items") is True:
        return False
    properties = schema.get("properties", {})
    if not all(isinstance(inner, Mapping) for inner in properties.values()):
        return False
    if schema.get("type") != "object" and "object" not in (schema.get("type") or ()):
        return True
    return schema.get("additionalProperties") is False and set(schema.get("required", ())) == properties.keys()


def _is_recursive(places: Mapping[Place, Mapping[str, Any]]) -> bool:
    """Whether a reference leads to a schema that it lies in, be it by others."""
    leads: dict[Place, set[Place]] = {
        to: {target(inner["$ref"]) for place, inner in places.items() if place[: len(to)] == to and "$ref" in inner}
        for to in {target(found["$ref"]) for found in places.values() if "$ref" in found}
    }
    while ends := [place for place, to in leads.items() if not to & leads.keys()]:
        for place in ends:
            del leads[place]
    return bool(leads)
