"""The events that the processes log."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from scripts.reference import source
from scripts.reference.markdown import code, codes, table

_LEVELS: Final = ("debug", "info", "warning", "error", "exception")
#: Names that hold a log's method, where the level is chosen at run time.
_CHOSEN: Final = ("log",)
_EVENT: Final = re.compile(r"[a-z]+(_[a-z]+)*")


class _Line(NamedTuple):
    event: str
    level: str
    fields: tuple[str, ...]
    module: str


def _lines() -> Iterator[_Line]:
    for module, call in source.calls((*_LEVELS, *_CHOSEN)):
        event = source.text_of(call.args[0]) if call.args else None
        if event and _EVENT.fullmatch(event) and (level := _level(call)):
            yield _Line(event, level, tuple(keyword.arg for keyword in call.keywords if keyword.arg), module)


def _level(call: ast.Call) -> str | None:
    match call.func:
        case ast.Attribute(value=holder, attr=level) if source.name_of(holder) in {"_log", "logger"}:
            return "error" if level == "exception" else level
        case ast.Name(id=name) if name in _CHOSEN:
            return "info"
        case _:
            return None


def _table() -> str:
    rows = [(code(line.event), line.level, codes(line.fields), code(line.module)) for line in sorted(set(_lines()))]
    return table(("event", "level", "fields", "module"), rows)


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {"log-events": _table}
