"""Reading what others wrote: any field may be missing, of another type, or hold what cannot be stored."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import JsonValue

NOTHING: Final[Mapping[str, Any]] = {}
#: The largest count of tokens that is believed: what a Postgres integer holds.
_MAX_COUNT: Final = 2**31 - 1
# Postgres refuses NUL in text, UTF-8 refuses half a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def loaded(text: bytes | str) -> Mapping[str, Any]:
    """The JSON object that the text is, or an empty one."""
    try:
        return mapping(json.loads(text.decode(errors="replace") if isinstance(text, bytes) else text))
    except (ValueError, RecursionError):
        return NOTHING


def mapping(value: Any) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else NOTHING


def items(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects of the list; what is none is an empty one."""
    return [mapping(item) for item in items(value)]


def text(value: Any) -> str | None:
    """The text as it can be stored, or None."""
    return clean(value) if isinstance(value, str) else None


def count(value: Any) -> int:
    """The number as a count, or 0 where it cannot be one."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= _MAX_COUNT else 0


def clean(value: str) -> str:
    """The text with U+FFFD for each character that cannot be stored."""
    return _UNSTORABLE.sub("\ufffd", value)


def storable(value: Any) -> JsonValue:
    """The JSON value with texts and numbers that can be stored."""
    match value:
        case str():
            return clean(value)
        case list():
            return [storable(item) for item in items(value)]
        case Mapping():
            return {clean(str(key)): storable(item) for key, item in mapping(value).items()}
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - only NaN is not itself
            return None
        case _:
            return value
