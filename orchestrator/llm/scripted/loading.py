"""Scripts from JSON text, with errors that name the field."""

import json
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from orchestrator.llm.scripted.script import Script

Location = tuple[int | str, ...]


class ScriptError(ValueError):
    """The text is no script."""


def load_script(path: Path) -> Script:
    """Reads a script file. Raises ScriptError naming the file and the field, OSError when the file cannot be read."""
    try:
        return read_script(path.read_bytes())
    except ScriptError as error:
        raise ScriptError(f"{path}: {error}") from None


def read_script(text: str | bytes) -> Script:
    """Raises ScriptError with one line for each field that is wrong."""
    try:
        return Script.model_validate_json(text)
    except ValidationError as error:
        raise ScriptError("\n".join(explain(error, parsed(text)))) from None


def explain(error: ValidationError, data: Any) -> list[str]:
    """One readable line for each error that pydantic found in data from JSON. Where an item of a list is wrong, pydantic also finds
    the list too short: only the innermost error counts."""
    details = error.errors(include_url=False, include_input=False)
    places = [detail["loc"] for detail in details]
    return [line(path(detail["loc"], data), detail["msg"]) for detail in details if not _has_inner(detail["loc"], places)]


def _has_inner(outer: Location, places: list[Location]) -> bool:
    return any(len(place) > len(outer) and place[: len(outer)] == outer for place in places)


def line(where: str, what: str) -> str:
    """What is wrong, and where."""
    said = what.removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def parsed(text: str | bytes) -> Any:
    """The value of the text, or None when it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def path(location: Location, data: Any) -> str:
    """The place in the JSON text that pydantic means, such as `conversations[0].replies[1].content`. Pydantic also names the members
    of a union on the way: what is no key of the data is left out, except at the end, where a missing field is named."""
    names: list[str] = []
    for position, part in enumerate(location):
        found, inner = _child(data, part)
        if found:
            data = inner
        elif position < len(location) - 1 or not isinstance(data, dict):
            continue
        names.append(f"[{part}]" if isinstance(part, int) else f".{part}")
    return "".join(names).removeprefix(".")


def _child(data: Any, part: int | str) -> tuple[bool, Any]:
    if isinstance(data, dict) and part in data:
        return True, cast("dict[int | str, Any]", data)[part]
    if isinstance(data, list) and isinstance(part, int) and part < len(cast("list[Any]", data)):
        return True, cast("list[Any]", data)[part]
    return False, None
