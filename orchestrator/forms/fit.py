"""What is wrong with a value, by a schema that was taken: in words for the model that wrote it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from itertools import islice
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, ValidationError, exceptions, validators
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from orchestrator.forms import patterns

#: So many problems are told.
_TOLD: Final = 5
#: Keywords that are looked at for one value. Schemas that refer to themselves, or branch at every level, would take for ever.
_MOST_STEPS: Final = 50_000
#: Characters that are read or written, or parts that are gone through, for one step.
_STEP: Final = 100
_SHOWN: Final = 200
TOO_MUCH: Final = "The value and its schema are too complex to be checked. Send a simpler value."

_KINDS: Final[Mapping[type, str]] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}

#: Their types are known in part only.
_exceptions: Final[Any] = exceptions
_validators: Final[Any] = validators

_Check = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


class _TooMuch(Exception):
    """The steps are used up."""


class _Steps:
    def __init__(self) -> None:
        self._left = _MOST_STEPS

    def take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _TooMuch


_steps: Final[ContextVar[_Steps]] = ContextVar("steps")


def problems(schema: Mapping[str, Any], value: JsonValue) -> tuple[str, ...]:
    """Where the value does not fit and why; empty when it fits. Formats are not looked at, nor patterns that look around."""
    _steps.set(_Steps())
    # With a registry of its own, no schema is ever fetched.
    registry: Registry[Any] = Registry()
    errors: Iterator[Any] = _Validator(schema, registry=registry).iter_errors(value)
    try:
        return tuple(map(_told, islice(errors, _TOLD)))
    except (_TooMuch, RecursionError, ArithmeticError, Unresolvable):
        return (TOO_MUCH,)


def _told(error: Any) -> str:
    closest = _exceptions.best_match(iter([error])) or error
    place = ".".join(str(piece)[:_SHOWN] for piece in closest.absolute_path)
    return f"{place or 'the object'} {_problem(closest)}."


def _problem(error: Any) -> str:
    """Without the value, which the model knows."""
    wanted = error.validator_value
    match error.validator:
        case "type":
            names = cast("list[str]", wanted) if isinstance(wanted, list) else [str(wanted)]
            problem = f"must be of type {' or '.join(names)}, not {_kind(error.instance)}"
        case "required" | "dependentRequired":
            problem = f"lacks a key: {error.message[:_SHOWN]}"
        case "additionalProperties":
            problem = f"has keys too many: {error.message[:_SHOWN]}"
        case "enum":
            problem = f"must be one of {_shown(wanted)}"
        case None:
            problem = "has what is not allowed there"
        case keyword:
            problem = f"does not satisfy {keyword}: {_shown(wanted)}"
    return problem


def _kind(value: JsonValue) -> str:
    return _KINDS[type(value)]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _counted(check: _Check) -> _Check:
    def counted(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        steps = _steps.get()
        steps.take(1 + (_parts(wanted) + _parts(value)) // _STEP)
        for error in check(validator, wanted, value, schema) or ():
            # It holds the whole value, and whoever looks for one of many schemas that fits keeps the errors of all.
            steps.take(1 + len(error.message) // _STEP)
            error.message = error.message[:_SHOWN]
            yield error

    return counted


def _parts(value: Any) -> int:
    return len(cast("list[Any]", value)) if isinstance(value, list | dict) else 0


def _compared(check: _Check) -> _Check:
    """A value is compared with all that is wanted."""

    def compared(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        _steps.get().take(len(json.dumps(wanted)) // _STEP)
        yield from check(validator, wanted, value, schema) or ()

    return compared


def _pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _matches(wanted, value):
        yield ValidationError("does not match")


def _pattern_properties(validator: Any, wanted: Mapping[str, Any], value: Any, _: Any) -> Iterator[ValidationError]:
    for pattern, schema in wanted.items() if isinstance(value, dict) else ():
        for name, inner in cast("dict[str, Any]", value).items():
            if _matches(pattern, name):
                yield from validator.descend(inner, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    named, matched = schema.get("properties", {}), schema.get("patternProperties", {})
    found = cast("dict[str, Any]", value)
    others = [name for name in found if name not in named and not any(_matches(pattern, name) for pattern in matched)]
    if wanted is False and others:
        yield ValidationError(_shown(others))
    elif isinstance(wanted, dict):
        for name in others:
            yield from validator.descend(found[name], wanted, path=name)


def _unique_items(_: Any, wanted: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(value, list):
        items = [json.dumps(_comparable(item), sort_keys=True) for item in cast("list[JsonValue]", value)]
        _steps.get().take((sum(map(len, items)) + 10 * len(items)) // _STEP)
        if len(set(items)) < len(items):
            yield ValidationError("has an item twice")


def _comparable(value: JsonValue) -> JsonValue:
    """1.0 and 1 are the same number."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_comparable(item) for item in value]
        case dict():
            return {name: _comparable(item) for name, item in value.items()}
        case _:
            return value


def _matches(pattern: str, text: str) -> bool:
    _steps.get().take(1 + len(text) // _STEP)
    return patterns.matches(pattern, text)


_LIBRARY: Final = cast("Mapping[str, _Check]", Draft202012Validator.VALIDATORS)
_OWN: Final[Mapping[str, _Check]] = {
    "const": _compared(_LIBRARY["const"]),
    "enum": _compared(_LIBRARY["enum"]),
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
_ALL: Final[Mapping[str, _Check]] = {**_LIBRARY, **_OWN}
_Validator: Final[Any] = _validators.extend(Draft202012Validator, {keyword: _counted(check) for keyword, check in _ALL.items()})
