"""The demo's final answer where it must have a form: filled from what the tools said, and else from the question."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from orchestrator.llm.scripted.parameters import Parameter, Schema, fields, parameters
from orchestrator.llm.scripted.transcript import Result

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def answer(schema: Schema, asked: Mapping[str, JsonValue], results: tuple[Result, ...]) -> str:
    """The object as JSON. `asked` is what the question says to the schema's properties."""
    told = _told(results)
    found = {each.name: told[each.name] for each in parameters(schema) if each.name in told and _fits(told[each.name], each)}
    return json.dumps({**asked, **found}, ensure_ascii=False)


def _told(results: tuple[Result, ...]) -> dict[str, JsonValue]:
    """All that the tools said by name, the first of each name."""
    told: dict[str, JsonValue] = {}
    for result in reversed(results):
        try:
            told |= fields(json.loads(result.content))
        except (ValueError, RecursionError):
            continue
    return told


def _fits(value: JsonValue, parameter: Parameter) -> bool:
    if parameter.choices:
        return value in parameter.choices
    return isinstance(value, _TYPES.get(parameter.type, ())) and isinstance(value, bool) == (parameter.type == "boolean")
