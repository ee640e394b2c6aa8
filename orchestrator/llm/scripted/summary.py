"""The demo's final answers: plain words around what the tools said."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from orchestrator.llm.scripted.transcript import Result

_WHO: Final = "This is the scripted model, not a language model."
_LONGEST: Final = 300


def summary(results: tuple[Result, ...]) -> str:
    """One line for each result."""
    return "\n".join([f"{_WHO} The tools answered:", *(_line(result) for result in results)])


def nothing_fits(question: str) -> str:
    """The answer where no tool is called."""
    return f"{_WHO} It can only call tools, and none that it may call fits. You asked: {_clipped(question)}"


def _line(result: Result) -> str:
    arguments = _parsed(result.call.function.arguments)
    named: Mapping[str, JsonValue] = arguments if isinstance(arguments, dict) else {}
    said = _spoken(_without_repeats(_parsed(result.content), named))
    return f"- {result.call.function.name}({', '.join(_spoken(value) for value in named.values())}): {_clipped(said)}"


def _parsed(text: str) -> JsonValue:
    """The JSON value, or the text itself when it is none."""
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def _without_repeats(value: JsonValue, named: Mapping[str, JsonValue]) -> JsonValue:
    """The result without what only repeats an argument."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if key not in named or named[key] != inner} or value


def _spoken(value: JsonValue) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_spoken(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_spoken(inner) for inner in value)
    return value if isinstance(value, str) else json.dumps(value)


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
