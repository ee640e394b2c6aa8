"""The providers' strict form of a JSON schema: what OpenAI and Anthropic both take with `strict: true`.

What they share: every property required, none in addition, no recursion, no tuples, nine string formats. What only one of
them enforces (ranges, lengths, patterns) goes into the description; a worker validates against the full schema anyway.
Sources: "Structured model outputs: supported schemas" (OpenAI), "Structured outputs: JSON Schema limitations" (Anthropic).
"""

import json
from collections.abc import Collection
from typing import Any, Final, NamedTuple, cast

_SHAPE: Final = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "anyOf", "oneOf", "enum", "const", "description", "format"}
)
_TOLD: Final = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "minItems", "maxItems", "uniqueItems", "default",
)  # fmt: skip
_DROPPED: Final = frozenset({"title", "examples", "deprecated", "discriminator", "readOnly", "writeOnly", "$defs"})
_FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_TYPES: Final[dict[type, str]] = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}

# OpenAI's limits for one schema.
_MAX_LEVELS: Final = 10
_MAX_PROPERTIES: Final = 5000
_MAX_ENUM_VALUES: Final = 1000


class NoStrictForm(Exception):
    """The schema has no strict form; the message says where and why."""


class _Place(NamedTuple):
    """Where in the schema the conversion stands."""

    path: str = "parameters"
    levels: int = 0
    references: tuple[str, ...] = ()

    def at(self, name: str) -> "_Place":
        return self._replace(path=f"{self.path}.{name}")

    def refuse(self, problem: str) -> NoStrictForm:
        return NoStrictForm(f"{self.path} {problem}")


def strict_form(schema: dict[str, Any], nullable: Collection[str], *, all_required: bool = True) -> dict[str, Any]:
    """Converts the schema of a tool's parameters; those in `nullable` may be null, which means left out. Without `all_required`
    what has a default is not required: the form of arguments that no strict mode has made.

    Raises NoStrictForm.
    """
    return _Conversion(schema.get("$defs", {}), all_required=all_required).parameters(schema, nullable)


class _Conversion:
    """One conversion: it counts what the providers limit. References are resolved, for none may have siblings."""

    def __init__(self, definitions: dict[str, Any], *, all_required: bool) -> None:
        self._definitions = definitions
        self._all_required = all_required
        self._properties = 0
        self._enum_values = 0

    def parameters(self, schema: dict[str, Any], nullable: Collection[str]) -> dict[str, Any]:
        strict = self._convert(schema, _Place())
        for name in nullable:
            strict["properties"][name] = _or_null(strict["properties"][name])
        return strict

    def _convert(self, found: Any, place: _Place) -> dict[str, Any]:
        if not isinstance(found, dict) or not found:
            raise place.refuse("takes any value")
        schema = cast("dict[str, Any]", found)
        if "$ref" in schema:
            return self._referenced(schema, place)
        if unknown := set(schema) - _SHAPE - _DROPPED - {*_TOLD}:
            raise place.refuse(f"uses {', '.join(sorted(unknown))}")
        description = _description(schema)
        return self._shape(schema, place) | ({"description": description} if description else {})

    def _referenced(self, schema: dict[str, Any], place: _Place) -> dict[str, Any]:
        reference = schema["$ref"]
        if reference in place.references:
            raise place.refuse("is recursive")
        target = self._definitions[reference.removeprefix("#/$defs/")]
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        return self._convert(target | siblings, place._replace(references=(*place.references, reference)))

    def _shape(self, schema: dict[str, Any], place: _Place) -> dict[str, Any]:
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return {"anyOf": [self._convert(branch, place) for branch in branches]}
        if "enum" in schema or "const" in schema:
            return self._enum(schema.get("enum", [schema.get("const")]), place)
        match schema.get("type"):
            case "object":
                return self._object(schema, place)
            case "array":
                return {"type": "array", "items": self._convert(schema.get("items"), place.at("items"))}
            case "string" if schema.get("format") in _FORMATS:
                return {"type": "string", "format": schema["format"]}
            case "string" | "integer" | "number" | "boolean" | "null" as name:
                return {"type": name}
            case _:
                raise place.refuse("takes any value")

    def _enum(self, values: list[object], place: _Place) -> dict[str, Any]:
        self._enum_values += len(values)
        if self._enum_values > _MAX_ENUM_VALUES:
            raise place.refuse(f"exceeds {_MAX_ENUM_VALUES} enum values")
        types = sorted({_TYPES.get(type(value), "") for value in values})
        if "" in types:
            raise place.refuse("has an enum of objects or arrays")
        return {"type": types[0] if len(types) == 1 else types, "enum": values}

    def _object(self, schema: dict[str, Any], place: _Place) -> dict[str, Any]:
        if schema.get("additionalProperties") or "properties" not in schema:
            raise place.refuse("takes free-form keys")
        inside = place._replace(levels=place.levels + 1)
        self._properties += len(schema["properties"])
        if inside.levels > _MAX_LEVELS or self._properties > _MAX_PROPERTIES:
            raise place.refuse(f"exceeds {_MAX_LEVELS} levels or {_MAX_PROPERTIES} properties")
        required = schema.get("required", [])
        properties = {
            name: self._property(value, inside.at(name), required=name in required) for name, value in schema["properties"].items()
        }
        needed = [name for name in properties if self._all_required or name in required]
        return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}

    def _property(self, schema: Any, place: _Place, *, required: bool) -> dict[str, Any]:
        """A property with a default becomes required; one whose default cannot be told could not be left out any more."""
        strict = self._convert(schema, place)
        if not required and "default" not in schema and not _admits_null(strict):
            raise place.refuse("can be left out, but its default cannot be told")
        return strict


def _description(schema: dict[str, Any]) -> str:
    told = [f"{word}: {json.dumps(schema[word], ensure_ascii=False)}" for word in _TOLD if word in schema]
    if "format" in schema and schema["format"] not in _FORMATS:
        told.append(f"format: {schema['format']}")
    note = f"({', '.join(told)})" if told else ""
    return " ".join(filter(None, [schema.get("description", ""), note]))


def _admits_null(strict: dict[str, Any]) -> bool:
    return "null" in strict.get("type", "") or any(_admits_null(branch) for branch in strict.get("anyOf", []))


def _or_null(strict: dict[str, Any]) -> dict[str, Any]:
    description = {"description": strict["description"]} if "description" in strict else {}
    shape = {key: value for key, value in strict.items() if key != "description"}
    return {"anyOf": [shape, {"type": "null"}]} | description
