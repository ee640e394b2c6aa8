"""A run's final answer, where it must have a form."""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import JsonValue

from orchestrator.forms import fit


class InvalidAnswer(ValueError):
    """The text has not the form; the message tells the model what to write instead."""


def parse(text: str, schema: Mapping[str, Any]) -> JsonValue:
    """The value that an answer holds. Raises InvalidAnswer unless it is JSON that fits the schema."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_constant, parse_float=_float)
    except (ValueError, RecursionError):
        raise _invalid("it is not JSON.") from None
    if problems := fit.problems(schema, value):
        raise _invalid(" ".join(problems))
    return value


def _invalid(problem: str) -> InvalidAnswer:
    return InvalidAnswer(f"Your answer does not have the form that is asked for: {problem} Answer again, with valid JSON and nothing else.")


def _constant(word: str) -> NoReturn:
    raise ValueError(word)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
