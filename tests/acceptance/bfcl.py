"""The leaderboard's parallel cases: records read, their tools declared and their right calls written as a model would.

The data is that of the Berkeley Function Calling Leaderboard v4 (ShishirPatil/gorilla, Apache-2.0).
"""

import json
import os
import re
from collections.abc import Sequence
from functools import cache
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NotRequired, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "bfcl"
#: `all` takes every record, else a sample is taken.
VARIABLE: Final = "BFCL_RECORDS"

_FILES: Final = ("BFCL_v4_parallel.json", "BFCL_v4_parallel_multiple.json")
#: The sample's stride.
SAMPLE_EVERY: Final = 8
#: Always in the sample: nested objects, repeated calls, lists of objects, an argument without a type, "" as a value.
_SAMPLE: Final = ("parallel_142", "parallel_158", "parallel_multiple_26", "parallel_multiple_54", "parallel_multiple_66")
_LONGEST_NAME: Final = 64
#: Its definition takes integers, and its right calls sort words.
_ITEMS_OF_ANY_TYPE: Final = ("parallel_multiple_94", "sort_list", "elements")
_SIMPLE: Final[dict[str, Any]] = {
    "string": str,
    "integer": int,
    "float": float,
    "number": float,
    "boolean": bool,
    "null": None,
    "any": Any,
}
# TypedDict is called with fields that no type checker can know.
_typed_dict: Final[Any] = TypedDict

Schema = dict[str, Any]


class Definition(BaseModel):
    """A tool as the leaderboard describes it, with types named as in Python."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str
    parameters: Schema


class Call(BaseModel):
    """A call that is right."""

    model_config = ConfigDict(frozen=True)

    tool: str
    arguments: dict[str, JsonValue]


class Record(BaseModel):
    """One case: a question, the tools that are offered and the calls that are right."""

    model_config = ConfigDict(frozen=True)

    id: str
    #: Its place among all records.
    number: int
    messages: tuple[dict[str, JsonValue], ...]
    functions: tuple[Definition, ...]
    calls: tuple[Call, ...]

    def tool_name(self, index: int) -> str:
        """What the function at this place is called here: a name that providers allow, unique among all records."""
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", self.functions[index].name)
        return f"r{self.number:03}_{index}_{plain}"[:_LONGEST_NAME]

    @property
    def tool_names(self) -> dict[str, str]:
        """The leaderboard's names of the tools, by ours."""
        return {self.tool_name(index): function.name for index, function in enumerate(self.functions)}

    @property
    def wanted(self) -> list[Call]:
        """The right calls by our names, in order."""
        ours = {theirs: name for name, theirs in self.tool_names.items()}
        return [Call(tool=ours[call.tool], arguments=call.arguments) for call in self.calls]


@cache
def selected() -> tuple[Record, ...]:
    """The records to be run; none when the data is not there."""
    records = _records() if DATA.exists() else ()
    if os.environ.get(VARIABLE) == "all":
        return records
    return tuple(record for record in records if record.number % SAMPLE_EVERY == 0 or record.id in _SAMPLE)


def signature(definition: Definition) -> list[Parameter]:
    """The parameters of a function that takes what the definition describes."""
    required = definition.parameters.get("required", [])
    properties = cast("dict[str, Schema]", definition.parameters.get("properties", {}))
    return [_parameter(index, name, schema, required=name in required) for index, (name, schema) in enumerate(properties.items())]


def _parameter(index: int, name: str, schema: Schema, *, required: bool) -> Parameter:
    """A parameter under a name of our own and with theirs as its alias, for theirs may be a word of Python."""
    field = Field(alias=name, description=schema.get("description"))
    hint = annotation(schema)
    if required:
        return Parameter(f"p{index}", Parameter.KEYWORD_ONLY, annotation=Annotated[hint, field])
    return Parameter(f"p{index}", Parameter.KEYWORD_ONLY, annotation=Annotated[hint | None, field], default=None)


def annotation(schema: Schema) -> Any:
    """The type that a property's schema means."""
    if choices := schema.get("enum"):
        return Literal[tuple(choices)]
    kind = schema.get("type", "any")
    if kind in {"array", "tuple"}:
        return list[annotation(schema.get("items", {}))]
    if kind in {"dict", "object"}:
        return _object(schema)
    return _SIMPLE[kind]


def _object(schema: Schema) -> Any:
    properties = cast("dict[str, Schema]", schema.get("properties", {}))
    if not properties:
        return dict[str, Any]
    required = schema.get("required", [])
    fields = {name: annotation(inner) if name in required else NotRequired[annotation(inner)] for name, inner in properties.items()}
    return _typed_dict("Inner", fields)


def _records() -> tuple[Record, ...]:
    lines = [line for name in _FILES for line in zip(_lines(DATA / name), _lines(DATA / "possible_answer" / name), strict=True)]
    return tuple(_record(number, question, answer) for number, (question, answer) in enumerate(lines))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _record(number: int, question: dict[str, Any], answer: dict[str, Any]) -> Record:
    functions = [_mended(question["id"], Definition.model_validate(function)) for function in question["function"]]
    schemas = {function.name: function.parameters for function in functions}
    calls = [
        Call(tool=tool, arguments=_arguments(allowed, schemas[tool]))
        for right in cast("list[dict[str, dict[str, list[JsonValue]]]]", answer["ground_truth"])
        for tool, allowed in right.items()
    ]
    messages = tuple(message for turn in question["question"] for message in turn)
    return Record(id=question["id"], number=number, messages=messages, functions=tuple(functions), calls=tuple(calls))


def _mended(record_id: str, function: Definition) -> Definition:
    wrong_id, wrong_name, parameter = _ITEMS_OF_ANY_TYPE
    if (record_id, function.name) == (wrong_id, wrong_name):
        del function.parameters["properties"][parameter]["items"]
    return function


def _arguments(allowed: dict[str, list[JsonValue]], schema: Schema) -> dict[str, JsonValue]:
    """The first allowed value of each argument. "" among them means that the argument may be left out: it is, where "" comes
    first or the function has no such parameter."""
    known, required = schema.get("properties", {}), schema.get("required", [])
    left_out = {name for name, values in allowed.items() if "" in values and (name not in known or values[0] == "")}
    return {name: _first(values) for name, values in allowed.items() if name in required or name not in left_out}


def _first(values: Sequence[JsonValue]) -> JsonValue:
    """The first value that says something; within an object each value is again a list of allowed ones."""
    return _chosen(next((value for value in values if value != ""), ""))


def _chosen(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {name: _first(inner) if isinstance(inner, list) else inner for name, inner in value.items()}
        case list():
            return [_chosen(item) for item in value]
        case _:
            return value
