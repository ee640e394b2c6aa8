"""The bodies of requests, read strictly: what two parsers could understand in two ways is refused."""

import asyncio
import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NoReturn, cast

from fastapi import Request
from pydantic import JsonValue

from orchestrator.api.fields import path
from orchestrator.api.refusals import BodyTooLarge, BodyTooSlow, InvalidBody, UnsupportedMediaType
from orchestrator.errors import Unacceptable

#: The deepest nesting of objects and arrays; the body itself is the first level.
MAX_DEPTH: Final = 64
#: The most values, counted at every level: a few bytes of JSON can take hundreds in memory.
MAX_VALUES: Final = 200_000
#: A body that takes longer holds a connection for nothing.
_READ_S: Final = 30.0
#: What both jsonb and any reader of JSON keep exactly.
_MAX_INTEGER: Final = 2**63 - 1
_MIN_INTEGER: Final = -(2**63)

_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Postgres refuses NUL in text and jsonb, UTF-8 refuses half a surrogate pair.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")

_Path = tuple[str | int, ...]


async def read(request: Request, max_bytes: int) -> bytes:
    """The body of a request that holds JSON.

    Raises:
        UnsupportedMediaType: it is something else.
        BodyTooLarge: by its header, or once so much has come.
        BodyTooSlow: it is not complete in time.

    """
    _check_type(request)
    if _announced(request) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(_READ_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError:
        raise BodyTooSlow(f"The body was not complete after {_READ_S:.0f} s.") from None
    return bytes(body)


def parse(body: bytes) -> dict[str, JsonValue]:
    """The one object that the body holds.

    Raises:
        InvalidBody: it is not JSON, or JSON that is read differently by others.
        Unacceptable: it is JSON, but holds what cannot be stored.

    """
    try:
        value = json.loads(_text(body), object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise InvalidBody(f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # int() reads no more than 4300 digits.
        raise Unacceptable("A number in the body has too many digits.") from None
    _check_values(value)
    if not isinstance(value, dict):
        raise Unacceptable("The body must be a JSON object.")
    return cast("dict[str, JsonValue]", value)


def _check_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type != "application/json" or encoding != "identity":
        raise UnsupportedMediaType


def _announced(request: Request) -> int:
    """Bytes by the request's header, as far as it can be believed; what comes is counted all the same."""
    length = request.headers.get("content-length", "")
    return int(length[:18]) if length.isdecimal() else 0


def _text(body: bytes) -> str:
    if body.startswith(_BYTE_ORDER_MARKS):
        raise InvalidBody("The body starts with a byte order mark. Send UTF-8 without one.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidBody(f"The body is not UTF-8: see byte {error.start}.") from None


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise InvalidBody(f"The key {path([twice])!r} occurs twice in one object.")
    return value


def _constant(word: str) -> NoReturn:
    raise InvalidBody(f"{word} is not valid JSON. Send a number or null.")


def _check_values(value: JsonValue) -> None:
    for count, (place, part) in enumerate(_parts(value, ())):
        if count >= MAX_VALUES:
            raise Unacceptable(f"The body holds more than {MAX_VALUES} values.")
        if problem := _problem(part):
            raise Unacceptable(problem, path(place) or None)


def _parts(value: JsonValue, place: _Path) -> Iterator[tuple[_Path, JsonValue]]:
    """The value and all within it, each with its place."""
    yield place, value
    if not isinstance(value, dict | list):
        return
    if len(place) >= MAX_DEPTH:
        raise _too_deep()
    for key, part in _items(value):
        yield from _parts(part, (*place, key))


def _items(value: dict[str, JsonValue] | Sequence[JsonValue]) -> Iterable[tuple[str | int, JsonValue]]:
    return value.items() if isinstance(value, dict) else enumerate(value)


def _problem(value: JsonValue) -> str | None:
    match value:
        case str() if _UNSTORABLE.search(value):
            return "A text holds NUL or half a surrogate pair."
        case dict() if any(_UNSTORABLE.search(key) for key in value):
            return "A key holds NUL or half a surrogate pair."
        case int() if not _MIN_INTEGER <= value <= _MAX_INTEGER:
            return "An integer needs more than 64 bits."
        case float() if not math.isfinite(value):
            return "A number is too large."
        case _:
            return None


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {max_bytes} bytes.")


def _too_deep() -> InvalidBody:
    return InvalidBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
