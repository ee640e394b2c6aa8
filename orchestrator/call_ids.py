"""Ids of tool calls as every provider takes them."""

from collections.abc import Collection
from typing import Final

#: OpenAI's chat completions take no longer `tool_call_id` (400 string_above_max_length).
MAX_LENGTH: Final = 40


def usable(given: str | None) -> str | None:
    """The id, if it can be sent."""
    if given is None or given.strip() in {"", "null"}:
        return None
    return given if len(given) <= MAX_LENGTH and given.isprintable() else None


def free(wish: str, taken: Collection[str]) -> str:
    """The id, or one like it that is not taken: the same one each time, so that providers' prompt caches hold."""
    found, number = wish, 0
    while found in taken:
        number += 1
        suffix = f"_d{number}"
        found = wish[: MAX_LENGTH - len(suffix)] + suffix
    return found
