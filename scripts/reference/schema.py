"""JSON schemas in words."""

import json
from collections.abc import Mapping
from typing import Any, Final

from scripts.reference.markdown import code

_LIMITS: Final = {
    "pattern": "matching `{}`",
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "maxProperties": "at most {} keys",
}


def kind_of(schema: Mapping[str, Any]) -> str:
    """What a value is, such as "integer (from 1, to 100) or null"."""
    if not schema:
        return ""
    if "$ref" in schema:
        return _named(schema["$ref"].rpartition("/")[2])
    if branches := schema.get("oneOf") or schema.get("anyOf"):
        return " or ".join(kind_of(branch) for branch in branches)
    if "const" in schema:
        return code(schema["const"] if isinstance(schema["const"], str) else json.dumps(schema["const"]))
    if "enum" in schema:
        return " or ".join(map(code, schema["enum"]))
    limits = [words.format(schema[name]) for name, words in _LIMITS.items() if name in schema]
    return f"{_plain(schema)} ({', '.join(limits)})" if limits else _plain(schema)


def _named(name: str) -> str:
    """The words of an enum and any JSON are shown in place; the others have their names."""
    return "any JSON" if name == "JsonValue" else name


def _plain(schema: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "array":
            return f"list of {kind_of(schema['items'])}"
        case "object" if schema.get("additionalProperties"):
            return f"object of {kind_of(schema['additionalProperties'])}"
        case "string" if schema.get("format") == "date-time":
            return "time"
        case kind:
            return str(kind)
