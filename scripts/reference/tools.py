"""What a tool's author may say, take and raise."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic.fields import FieldInfo

from scripts.reference.markdown import code, table
from tasks import DeclarationError, RetryTool, ToolContext, ToolFailed, ToolInputError
from tasks.tool import Options

_COMMENTED: Final = re.compile(r"#: (?P<comment>.*)\n\s+(?P<name>\w+):")
#: Where ToolContext ends for a tool; the rest is for those who make one.
_INTERNAL: Final = frozenset({"cancel_event", "on_progress"})


def _options() -> str:
    rows = ((code(name), _default(field), _meaning(field)) for name, field in Options.model_fields.items())
    return table(("option", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    match field.default:
        case None:
            return ""
        case int() as size if size and size % 1024 == 0:
            return code(f"{size // 1024} * 1024")
        case value:
            return code(value)


def _meaning(field: FieldInfo) -> str:
    return field.description or {tuple: "Words of your own; `GET /v1/tools` shows them."}[tuple]


def _context() -> str:
    return table(("name", "meaning"), [*_fields(ToolContext), *_members(ToolContext)])


def _fields(kind: type[Any]) -> Iterator[Sequence[str]]:
    comments = {found["name"]: found["comment"] for found in _COMMENTED.finditer(inspect.getsource(kind))}
    for field in dataclasses.fields(kind):
        if field.name not in _INTERNAL:
            yield code(field.name), comments.get(field.name, _FIELDS.get(field.name, ""))


def _members(kind: type[Any]) -> Iterator[Sequence[str]]:
    for name, member in vars(kind).items():
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if not name.startswith("_") and name not in _INTERNAL and inspect.isfunction(function):
            yield code(name if isinstance(member, property) else _call(name, function)), _sentence(function)


def _call(name: str, function: Callable[..., Any]) -> str:
    parameters = [parameter for key, parameter in inspect.signature(function).parameters.items() if key not in {"self", "cls"}]
    return f"{name}{inspect.Signature(parameters)}"


def _sentence(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _exceptions() -> str:
    return table(("exception", "meaning"), ((code(kind.__name__), meaning) for kind, meaning in _RAISED.items()))


_FIELDS: Final = {
    "run_id": "The run that the call belongs to.",
    "logger": "A structlog logger. Whatever you log goes to the worker's log, as JSON.",
}
_RAISED: Final[Mapping[type[Exception], str]] = {
    RetryTool: "Something outside failed and nothing was done yet. The call gets another attempt if it has one left.",
    ToolInputError: "The arguments are of the right type, but cannot be served. The model may mend them.",
    ToolFailed: "The work cannot be done. The model is told.",
    DeclarationError: "Raised by the decorator: the declaration cannot work. A worker that meets one does not start.",
}
SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "tool-options": _options,
    "tool-context": _context,
    "tool-exceptions": _exceptions,
}
