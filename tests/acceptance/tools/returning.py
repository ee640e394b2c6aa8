"""A tool that returns what does not look like JSON."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any, Literal

from tasks import ToolContext, tool
from tests.acceptance.ledger import recorded

Kind = Literal["text", "utf8", "bytes", "nan", "nul", "surrogate", "decimal", "datetime", "set", "none", "huge", "cycle", "object"]


def _cycle() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def _value(kind: Kind) -> Any:
    values: dict[Kind, Any] = {
        "text": "grüße",
        "utf8": "grüße".encode(),
        "bytes": b"\xff\xfe",
        "nan": {"value": math.nan, "bound": -math.inf},
        "nul": {"a\0b": "c\0d"},
        "surrogate": "\ud800",
        "decimal": {"price": Decimal("0.10")},
        "datetime": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        "set": frozenset({1}),
        "none": None,
        "huge": "x" * 300_000,
        "cycle": _cycle(),
        "object": object(),
    }
    return values[kind]


@tool
async def give(kind: Kind, context: ToolContext) -> Any:
    """Return a value of this kind, from the event loop."""
    with recorded("give", context, {"kind": kind}):
        return _value(kind)


@tool
def give_from_process(kind: Kind, context: ToolContext) -> Any:
    """Return a value of this kind, from a process of its own."""
    with recorded("give_from_process", context, {"kind": kind}):
        return _value(kind)
