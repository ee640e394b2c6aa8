"""Which JSON schemas are taken (draft 2020-12)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, SchemaError

from orchestrator.forms import patterns

#: The longest schema, as JSON.
MAX_BYTES: Final = 64 * 1024
#: The deepest nesting of schemas in schemas.
MAX_DEPTH: Final = 32
#: The size of all patterns together.
_MAX_PATTERNS: Final = 5 * patterns.MAX_SIZE

_SCHEMA: Final = frozenset({"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"})
_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED: Final = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
#: A reference leads within the schema only, by its place; what is not evaluated is known by following every branch.
_REFUSED: Final = frozenset({"$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$vocabulary", "unevaluatedItems", "unevaluatedProperties"})
_SHOWN: Final = 200

#: A schema's place within another, as the pieces of a JSON pointer.
Place = tuple[str, ...]


class RefusedSchema(ValueError):
    """The schema is not taken; the message says where and why."""


def check(schema: Mapping[str, Any]) -> None:
    """Raises RefusedSchema unless this is a schema of objects that can be checked without anything from outside."""
    if len(json.dumps(schema).encode()) > MAX_BYTES:
        raise RefusedSchema(f"The schema is longer than {MAX_BYTES} bytes.")
    try:
        Draft202012Validator.check_schema(schema, format_checker=None)  # pyright: ignore[reportArgumentType] - it takes None for none
    except SchemaError as error:
        raise _refused(tuple(map(str, error.absolute_path)), f"is not valid: {error.message[:_SHOWN]}") from None
    if schema.get("type") != "object":
        raise RefusedSchema('The schema must be of objects: "type": "object".')
    places = dict(subschemas(schema))
    for place, found in places.items():
        _check(place, found, places)
    if sum(map(patterns.size, set(_patterns(places.values())))) > _MAX_PATTERNS:
        raise RefusedSchema("The schema has too many patterns, or too large ones.")


def _patterns(schemas: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Those that are matched."""
    for found in schemas:
        wanted = [found["pattern"]] if "pattern" in found else []
        yield from (
            pattern for pattern in (*wanted, *found.get("patternProperties", ())) if 0 <= patterns.size(pattern) <= patterns.MAX_SIZE
        )


def subschemas(schema: Mapping[str, Any], place: Place = ()) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """The schema and all within it, each with its place."""
    yield place, schema
    for keyword, value in schema.items():
        for name, inner in _within(keyword, value):
            if isinstance(inner, Mapping):
                yield from subschemas(cast("Mapping[str, Any]", inner), (*place, keyword, *name))


def target(reference: str) -> Place:
    """The place that a reference within a schema names."""
    return tuple(piece.replace("~1", "/").replace("~0", "~") for piece in reference.removeprefix("#").split("/")[1:])


def _within(keyword: str, value: Any) -> Iterator[tuple[Place, Any]]:
    if keyword in _SCHEMA:
        yield (), value
    elif keyword in _LIST:
        yield from (((str(index),), inner) for index, inner in enumerate(value))
    elif keyword in _NAMED:
        yield from (((name,), inner) for name, inner in value.items())


def _check(place: Place, found: Mapping[str, Any], places: Mapping[Place, object]) -> None:
    if refused := sorted(_REFUSED & found.keys()):
        raise _refused(place, f"uses {refused[0]}, which is not taken")
    # Each level is one or two pieces.
    if len(place) > 2 * MAX_DEPTH:
        raise RefusedSchema(f"The schema is nested deeper than {MAX_DEPTH} levels.")
    reference = found.get("$ref")
    if reference is not None and not _leads_within(reference, places):
        raise _refused(place, f"refers to {reference[:_SHOWN]!r}, which is no schema within this one")
    for pattern in found.get("patternProperties", ()):
        if patterns.compiled(pattern) is None:
            raise _refused(place, f"has the pattern {pattern[:_SHOWN]!r}, which cannot be matched in bounded time")


def _leads_within(reference: str, places: Mapping[Place, object]) -> bool:
    """By a JSON pointer. An anchor is none, and one with % would be read as another place."""
    return (reference == "#" or reference.startswith("#/")) and "%" not in reference and target(reference) in places


def _refused(place: Place, problem: str) -> RefusedSchema:
    return RefusedSchema(f"The schema at /{'/'.join(place)[:_SHOWN]} {problem}.")
