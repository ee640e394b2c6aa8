"""Arguments that come in pieces, each with the place where it belongs."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final, cast

from orchestrator.llm.untrusted import text
from orchestrator.llm.wire import DoubtfulStream

#: A step of a path such as `$.stops[0].city`: a name or a position.
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^'\\]+)'\]")
_VALUES: Final = ("stringValue", "numberValue", "boolValue")
_NEW: Final = object()


def put(arguments: Any, piece: Mapping[str, Any]) -> None:
    """Adds the piece (Vertex AI's PartialArg) to the arguments. Raises DoubtfulStream where it does not fit."""
    path = _path(text(piece.get("jsonPath")) or "")
    node = arguments
    for step, following in pairwise(path):
        node = _under(node, step, [] if isinstance(following, int) else {})
    value = next((piece[name] for name in _VALUES if name in piece), None)
    before = _under(node, path[-1], _NEW)
    if before is _NEW:
        node[path[-1]] = value
    elif isinstance(before, str) and isinstance(value, str):  # Only a text comes in several pieces.
        node[path[-1]] = before + value
    else:
        raise DoubtfulStream


def _path(path: str) -> list[str | int]:
    steps = [name or quoted or int(position) for name, position, quoted in _STEP.findall(path)]
    if not steps or _STEP.sub("", path) != "$":
        raise DoubtfulStream
    return steps


def _under(node: Any, step: str | int, default: Any) -> Any:
    """What is there, or the default, which is put there."""
    if isinstance(node, dict) and isinstance(step, str):
        return cast("dict[str, Any]", node).setdefault(step, default)
    if not isinstance(node, list) or not isinstance(step, int) or step > len(items := cast("list[Any]", node)):
        raise DoubtfulStream
    if step == len(items):
        items.append(default)
    return items[step]
