"""A run's final answer, where it must have a form."""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import JsonValue

from orchestrator.forms import fit
from tasks.arguments import MAX_DEPTH, InvalidArguments, check_values


class InvalidAnswer(ValueError):
    """The text has not the form; the message tells the model what to write instead."""


def parse(text: str, schema: Mapping[str, Any]) -> JsonValue:
    """The value that an answer holds. Raises InvalidAnswer unless it is JSON that fits the schema."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_constant, parse_float=_float)
    except (ValueError, RecursionError):
        raise _invalid("it is not JSON.") from None
    if isinstance(value, dict):
        _check_kept(value)
    if problems := fit.problems(schema, value):
        raise _invalid(" ".join(problems))
    return value


def _check_kept(value: dict[str, JsonValue]) -> None:
    """A run whose answer cannot be shown could not be read any more."""
    try:
        check_values(value)
    except InvalidArguments:
        raise _invalid(f"it is nested deeper than {MAX_DEPTH} levels, or holds NUL or half a surrogate pair.") from None


def _invalid(problem: str) -> InvalidAnswer:
    return InvalidAnswer(f"Your answer does not have the form that is asked for: {problem} Answer again, with valid JSON and nothing else.")


def _constant(word: str) -> NoReturn:
    raise ValueError(word)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
