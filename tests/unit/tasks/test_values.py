"""tasks/values.py: any value as text."""

import dataclasses
import enum
import itertools
import json
import re
import uuid
from collections import OrderedDict, UserDict, deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel, SecretStr, field_serializer

from tasks.errors import UnserialisableResult
from tasks.values import MAX_COUNTED, MAX_DEPTH, storable, to_json

LIMIT = 10_000


class _Colour(enum.Enum):
    RED = "red"


class _Level(enum.IntEnum):
    HIGH = 3


class _Price(BaseModel):
    amount: Decimal
    note: str | None = None


class _Masked(BaseModel):
    card: str

    @field_serializer("card")
    def _mask(self, card: str) -> str:
        return card[-2:]


@dataclasses.dataclass
class _Report:
    city: str
    prices: list[_Price]


class _Hostile:
    """Raises whatever is asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("secret")

    __repr__ = __str__

    def __iter__(self) -> Iterator[object]:
        raise RuntimeError("secret")

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("secret")

    def __reduce__(self) -> str:
        raise RuntimeError("secret")


class _HostileList(list[int]):
    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("secret")


class _HostileText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("secret")

    def __getitem__(self, key: object) -> str:
        raise RuntimeError("secret")


class _Endless(list[int]):
    def __iter__(self) -> Iterator[int]:
        return itertools.repeat(1)


def _text(value: object) -> str:
    text, truncated = to_json(value, LIMIT)
    assert not truncated
    return text


def _refusal(value: object) -> str:
    with pytest.raises(UnserialisableResult) as caught:
        to_json(value, LIMIT)
    return str(caught.value)


WRITTEN: list[tuple[object, str]] = [
    ("plain \n text", "plain \n text"),
    ("", ""),
    (None, "null"),
    (True, "true"),
    (3, "3"),
    (-(2**70), "-1180591620717411303424"),
    (1.5, "1.5"),
    (1e300, "1e+300"),
    (float("nan"), '"NaN"'),
    (float("-inf"), '"-Infinity"'),
    (Decimal("198.50"), "198.50"),
    (Decimal("1E+1000000"), "1E+1000000"),
    (Decimal("NaN"), '"NaN"'),
    (Decimal("Infinity"), '"Infinity"'),
    (_Colour.RED, '"red"'),
    (_Level.HIGH, "3"),
    ([], "[]"),
    ({}, "{}"),
    ((1, "a"), '[1,"a"]'),
    ({1}, "[1]"),
    (deque([1]), "[1]"),
    (range(3), "[0,1,2]"),
    ({"a": 1}.values(), "[1]"),
    ({"é": 'a"b'}, '{"é":"a\\"b"}'),
    (OrderedDict(a=1), '{"a":1}'),
    (UserDict(a=1), '{"a":1}'),
    (MappingProxyType({"a": None}), '{"a":null}'),
    ({1: 1, None: 2, False: 3}, '{"1":1,"null":2,"false":3}'),
    ({_Colour.RED: 1, uuid.UUID(int=1): 2}, '{"red":1,"00000000-0000-0000-0000-000000000001":2}'),
    (datetime(2026, 11, 20, 8, 30, tzinfo=UTC), '"2026-11-20T08:30:00Z"'),
    (datetime(2026, 11, 20, tzinfo=timezone(timedelta(hours=2))), '"2026-11-20T00:00:00+02:00"'),
    (datetime(2026, 11, 20), '"2026-11-20T00:00:00"'),  # noqa: DTZ001 - the missing zone is the case.
    (date(2026, 11, 20), '"2026-11-20"'),
    (timedelta(seconds=90), '"PT1M30S"'),
    (Path("/tmp/a"), '"/tmp/a"'),
    (SecretStr("s3cret"), '"**********"'),
    (b"caf\xc3\xa9", "café"),
    (b"\xff\x00", '{"base64":"/wA="}'),
    ([bytearray(b"a"), memoryview(b"\xff")], '["a",{"base64":"/w=="}]'),
    (_Price(amount=Decimal("1.50")), '{"amount":"1.50","note":null}'),
    (RootModel[list[int]]([1]), "[1]"),
    (_Report("Tokyo", [_Price(amount=Decimal(2))]), '{"city":"Tokyo","prices":[{"amount":"2","note":null}]}'),
    ([_Masked(card="1234")], '[{"card":"34"}]'),
]


@pytest.mark.parametrize(("value", "text"), WRITTEN, ids=itertools.count())
def test_a_value_is_written_as_compact_json(value: object, text: str) -> None:
    """A text stays as it is; every other type has its one form."""
    assert _text(value) == text


def test_what_postgres_and_utf8_refuse_is_replaced() -> None:
    """NUL and lone surrogates become U+FFFD, in texts, in items and in keys."""
    assert _text("a\x00b\ud800c") == "a\ufffdb\ufffdc"
    assert _text(["\x00"]) == '["\ufffd"]'
    assert _text({"\udfff": 1}) == '{"\ufffd":1}'
    assert storable("\x00\x1b") == "\ufffd\x1b"


def test_control_characters_are_escaped_in_json() -> None:
    """A terminal's escape sequence stays data."""
    assert _text(["\x1b[2J"]) == '["\\u001b[2J"]'


def test_a_texts_own_tricks_are_not_asked() -> None:
    """A subclass of str is read as the text it holds."""
    assert _text(_HostileText("calm")) == "calm"
    assert _text([_HostileText("calm")]) == '["calm"]'


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (_Hostile(), "_Hostile"),
        ([_Hostile()], "_Hostile"),
        ({"a": _Hostile()}, "_Hostile"),
        (_HostileList([1]), "_HostileList"),
        (object(), "object"),
        (object, "type"),
        (_Report, "type"),
        ((number for number in [1]), "generator"),
        (iter([1]), "list_iterator"),
        (map(str, [1]), "map"),
        (itertools.count(), "count"),
        (print, "builtin_function_or_method"),
        (ValueError("secret"), "ValueError"),
        (10**5000, "int"),
        ({(1, 2): 3}, "tuple"),
        ({frozenset[int](): 3}, "frozenset"),
    ],
    ids=itertools.count(),
)
def test_what_is_no_json_is_refused_by_its_type(value: object, name: str) -> None:
    """The message names the type and holds nothing of the value."""
    refusal = _refusal(value)

    assert refusal.startswith(f"The tool returned a value of type '{name}' that cannot be written as JSON: ")
    assert "secret" not in refusal


def test_a_value_that_holds_itself_is_refused() -> None:
    """A cycle is nesting without end."""
    cyclic: list[Any] = []
    cyclic.append({"again": cyclic})

    assert "or holds itself" in _refusal(cyclic)


def test_nesting_is_bounded() -> None:
    """A hundred levels are written, a hundred thousand are refused without a crash."""
    fine: list[Any] = []
    for _ in range(MAX_DEPTH):
        fine = [fine]
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]

    assert _text(fine) == "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    assert "nested deeper" in _refusal(deep)


def test_a_large_text_is_cut_with_a_mark() -> None:
    """The mark says how many bytes were dropped, and the whole stays within the limit."""
    text, truncated = to_json("é" * 1000, 500)
    head, mark = text.split("\n")

    assert truncated
    assert len(text.encode()) <= 500
    assert mark == f"[truncated: {2000 - len(head.encode())} bytes dropped]"
    assert set(head) == {"é"}


def test_a_value_that_just_fits_is_whole() -> None:
    """The limit itself is allowed."""
    assert to_json("x" * 500, 500) == ("x" * 500, False)
    assert to_json([1, 2], 5) == ("[1,2]", False)


@pytest.mark.parametrize("value", [range(10**12), _Endless(), "x" * 10**8, b"\xff" * 10**8], ids=["range", "endless", "text", "bytes"])
def test_a_huge_value_is_not_read_to_its_end(value: object) -> None:
    """Beyond a mebibyte the size is only known to be larger."""
    text, truncated = to_json(value, 300)
    mark = re.fullmatch(r"\[truncated: at least (\d+) bytes dropped\]", text.split("\n")[-1])

    assert truncated
    assert len(text) <= 300
    assert mark
    assert int(mark[1]) >= MAX_COUNTED


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals(), st.datetimes(), st.uuids(), st.binary(), st.timedeltas()
)
keys = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.datetimes(), st.uuids())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner), st.tuples(inner), st.dictionaries(keys, inner), st.builds(_Report, st.text(), st.lists(inner))
    ),
    max_leaves=30,
)


@given(values, st.integers(min_value=0, max_value=2000))
def test_any_value_becomes_text_within_the_limit(value: object, limit: int) -> None:
    """Whatever comes out can be stored, is small enough, and is JSON unless it is cut or was a text."""
    try:
        text, truncated = to_json(value, limit)
    except UnserialisableResult:
        return

    assert len(text.encode()) <= limit
    assert "\x00" not in text
    if not truncated and not isinstance(value, str | bytes):
        json.loads(text, parse_constant=pytest.fail)


@given(st.text(st.characters()), st.integers(min_value=0, max_value=200))
def test_any_text_is_cut_at_a_character(text: str, limit: int) -> None:
    """What is kept is a beginning of what was returned."""
    kept, truncated = to_json(text, limit)

    assert truncated == (len(storable(text).encode()) > limit)
    assert storable(text).startswith(kept.rpartition("\n[truncated: ")[0] if truncated else kept)
