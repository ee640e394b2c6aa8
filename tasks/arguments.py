"""The arguments of a tool call: a model's text read as one JSON object, or refused with a hint it can act on."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast

from pydantic import JsonValue

#: The largest text of arguments that is read.
MAX_BYTES: Final = 256 * 1024
#: The deepest nesting of objects and arrays that is read; the arguments themselves are the first level.
MAX_DEPTH: Final = 64
#: What a call without arguments is replayed and run with.
NO_ARGUMENTS: Final = "{}"

# Postgres refuses NUL in text and jsonb, UTF-8 refuses a lone surrogate.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_KINDS: Final[Mapping[type, str]] = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


class InvalidArguments(ValueError):
    """The text is not one JSON object. The message tells a model what to write instead."""


def is_absent(text: str) -> bool:
    """Whether the text means "no arguments": providers send an empty string or null for them."""
    return text.strip() in {"", "null"}


def parse_object(text: str) -> dict[str, JsonValue]:
    """The object that the text holds; an absent one is empty. Raises InvalidArguments."""
    if is_absent(text):
        return {}
    _check_size(text)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except InvalidArguments:
        raise
    except json.JSONDecodeError as error:
        raise InvalidArguments(_syntax_hint(error)) from None
    except RecursionError:
        raise InvalidArguments(_depth_hint()) from None
    except ValueError:  # int() reads no more than 4300 digits.
        raise InvalidArguments("The arguments hold a number with too many digits.") from None
    return _checked(value)


def _check_size(text: str) -> None:
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        raise InvalidArguments(f"The arguments are {size} bytes long; at most {MAX_BYTES} are allowed. Send less.")


def _checked(value: Any) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise InvalidArguments(_kind_hint(value))
    arguments = cast("dict[str, JsonValue]", value)
    check_values(arguments)
    return arguments


def check_values(arguments: dict[str, JsonValue]) -> None:
    """Raises InvalidArguments for what is nested too deeply, or cannot be stored."""
    level: list[JsonValue] = [arguments]
    for _ in range(MAX_DEPTH):
        level = [part for value in level for part in _parts(value) if isinstance(part, dict | list)]
        if not level:
            return
    raise InvalidArguments(_depth_hint())


def _parts(value: JsonValue) -> list[JsonValue]:
    """The keys and values of an object, the items of an array; their texts are checked."""
    parts: list[JsonValue] = [*value, *value.values()] if isinstance(value, dict) else list(cast("list[JsonValue]", value))
    if any(isinstance(part, str) and _UNSTORABLE.search(part) for part in parts):
        raise InvalidArguments("A text in the arguments holds NUL or half a surrogate pair. Leave such characters out.")
    return parts


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise InvalidArguments(f"The key {twice[:64]!r} occurs twice in one object. Write each key once.")
    return value


def _constant(word: str) -> NoReturn:
    raise InvalidArguments(f"{word} is not valid JSON. Use a number or null.")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidArguments(f"The number {text[:64]} is too large.")
    return number


def _syntax_hint(error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return (
            f"More text follows the JSON value at character {error.pos}. "
            "Write the arguments as one object; for several objects make several calls."
        )
    problem = error.msg.removesuffix(" at").removesuffix(" starting")
    return f"The arguments are not valid JSON: {problem} at character {error.pos}. Write one JSON object."


def _depth_hint() -> str:
    return f"The arguments are nested deeper than {MAX_DEPTH} levels. Use flatter arguments."


def _kind_hint(value: list[JsonValue] | str | float | bool) -> str:  # noqa: FBT001 - JSON has booleans.
    kind = _KINDS[type(value)]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return "The arguments are a JSON string that holds an object: they were encoded twice. Write the object itself."
    return f"The arguments are {kind}, but must be one JSON object."
