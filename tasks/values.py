"""Any value that a tool returns as the text of its tool message, in bounded memory."""

import base64
import codecs
import dataclasses
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from tasks.errors import UnserialisableResult

#: The deepest nesting that is written; what is deeper, or holds itself, is refused.
MAX_DEPTH: Final = 100
#: How many bytes beyond the limit are still counted. After them the value is not read any further.
MAX_COUNTED: Final = 1024 * 1024

Binary = bytes | bytearray | memoryview

_CHUNK: Final = 64 * 1024
# Postgres refuses NUL in text and jsonb, UTF-8 refuses a lone surrogate.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def to_json(value: object, limit: int) -> tuple[str, bool]:
    """The text, and whether it was cut because it had more than `limit` bytes of UTF-8.

    A text stays as it is; all else becomes compact JSON. A pydantic model is written as it writes itself, a Decimal as a
    number, bytes as text or as `{"base64": ...}`, NaN and the infinities as strings, a set as a list; dates and the other
    types that pydantic knows as pydantic writes them (a datetime without a zone stays without one). NUL and lone
    surrogates are replaced by U+FFFD.

    Raises UnserialisableResult, which names the type.
    """
    sink = _Sink(limit)
    try:
        _write_result(sink, value)
    except _Enough:
        pass
    except UnserialisableResult:
        raise
    except Exception as error:  # Reading a value may run any code.
        raise _unserialisable(value, f"reading it raised {type(error).__name__}") from error
    return sink.text(), sink.truncated


def storable(text: str) -> str:
    """The text without the characters that UTF-8 or Postgres cannot hold."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


class _Enough(Exception):
    """Nothing more needs to be counted."""


class _Sink:
    """Keeps the text that fits and counts what does not."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._size = 0
        #: The size at which counting ends.
        self.end = limit + MAX_COUNTED

    def add(self, text: str) -> None:
        data = text.encode()
        self._kept += data[: max(0, self._limit - self._size)]
        self._size += len(data)
        if self._size > self.end:
            raise _Enough

    @property
    def truncated(self) -> bool:
        return self._size > self._limit

    def text(self) -> str:
        if not self.truncated:
            return self._kept.decode()
        room = max(0, self._limit - len(self._mark(self._size)))
        head = self._kept[:room].decode(errors="ignore")
        return (head + self._mark(self._size - len(head.encode())))[: self._limit]

    def _mark(self, dropped: int) -> str:
        at_least = "at least " if self._size > self.end else ""
        return f"\n[truncated: {at_least}{dropped} bytes dropped]"


def _write_result(sink: _Sink, value: object) -> None:
    plain = _decoded(cast("Binary", value), sink.end) if isinstance(value, bytes | bytearray | memoryview) else value
    if isinstance(plain, str):
        for piece in _pieces(plain):
            sink.add(piece)
    else:
        _write(sink, plain, 0)


def _write(sink: _Sink, value: object, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _unserialisable(value, f"it is nested deeper than {MAX_DEPTH} levels, or holds itself")
    match value:
        case Enum():
            _write(sink, value.value, depth + 1)
        case str():
            _write_string(sink, value)
        case None | bool() | int() | float() | Decimal():
            sink.add(_scalar(value))
        case BaseModel():
            _write(sink, value.model_dump(mode="json"), depth + 1)
        case bytes() | bytearray() | memoryview():
            _write(sink, _decoded(cast("Binary", value), sink.end), depth + 1)
        case Mapping():
            _write_object(sink, cast("Mapping[object, object]", value).items(), depth + 1)
        case Sequence() | AbstractSet() | ValuesView():
            _write_array(sink, cast("Iterable[object]", value), depth + 1)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            _write_object(sink, ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value)), depth + 1)
        case _:
            _write(sink, _known_to_pydantic(value), depth + 1)


def _write_object(sink: _Sink, items: Iterable[tuple[object, object]], depth: int) -> None:
    separator = "{"
    for key, value in items:
        sink.add(separator)
        _write_string(sink, _key(key))
        sink.add(":")
        _write(sink, value, depth)
        separator = ","
    sink.add("{}" if separator == "{" else "}")


def _write_array(sink: _Sink, items: Iterable[object], depth: int) -> None:
    separator = "["
    for value in items:
        sink.add(separator)
        _write(sink, value, depth)
        separator = ","
    sink.add("[]" if separator == "[" else "]")


def _write_string(sink: _Sink, value: str) -> None:
    sink.add('"')
    for piece in _pieces(value):
        sink.add(json.dumps(piece, ensure_ascii=False)[1:-1])
    sink.add('"')


def _pieces(value: str) -> Iterator[str]:
    text = value if type(value) is str else str.__str__(value)  # A subclass may say of itself what it likes.
    for start in range(0, len(text), _CHUNK):
        yield storable(text[start : start + _CHUNK])


def _scalar(value: float | Decimal | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float():
            return float.__repr__(value) if math.isfinite(value) else f'"{_unbounded(value)}"'
        case Decimal():
            return Decimal.__str__(value) if Decimal.is_finite(value) else f'"{_unbounded(value)}"'


def _unbounded(value: float | Decimal) -> str:
    if value.is_nan() if isinstance(value, Decimal) else math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _key(key: object) -> str:
    match key:
        case Enum():
            return _key(key.value)
        case str():
            return key
        case None | bool() | int() | float() | Decimal():
            return _scalar(key).strip('"')
        case _:
            text = _known_to_pydantic(key)
    if not isinstance(text, str):
        raise _unserialisable(key, "it is the key of an object")
    return text


def _decoded(value: Binary, end: int) -> str | dict[str, str]:
    """No more of a large value than is counted."""
    data = bytes(value[: end + 4])
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=len(data) == len(value))
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _known_to_pydantic(value: object) -> Any:
    if isinstance(value, Iterator):
        raise _unserialisable(cast("object", value), "it can be read only once and may never end; return a list")
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError:
        raise _unserialisable(value, "return a text, a dict, a list, a dataclass or a pydantic model") from None


def _unserialisable(value: object, reason: str) -> UnserialisableResult:
    return UnserialisableResult(f"The tool returned a value of type {type(value).__name__!r} that cannot be written as JSON: {reason}.")
