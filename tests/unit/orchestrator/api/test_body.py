"""The strict reading of bodies."""

import asyncio
import json
from contextlib import suppress

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from starlette.types import Message

from orchestrator.api import body
from orchestrator.api.body import MAX_DEPTH, MAX_VALUES, parse
from orchestrator.api.refusals import BodyTooLarge, BodyTooSlow, InvalidBody
from orchestrator.errors import Refusal, Unacceptable


def _nested(levels: int) -> bytes:
    """A body of so many levels, itself counted."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


def test_an_object_is_read_as_it_is() -> None:
    """Text, numbers and nesting arrive unchanged, with integers of 64 bits exact."""
    value = {"text": "Zürich 🌧", "big": 2**63 - 1, "small": -(2**63), "float": 1.5, "deep": [{"a": [None, True]}]}

    assert parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1} trailing',
        b'{"a": 1,}',
        b'{"a": 1} // comment',
        b'{"a": "\x01"}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": [{"b": 1, "b": 1}]}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        '{"a": 1}'.encode("utf-32"),
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        _nested(MAX_DEPTH + 1),
        _nested(100_000),
        b"[" * 100_000,
    ],
)
def test_what_others_could_read_differently_is_not_json(text: bytes) -> None:
    """Broken, ambiguous, wrongly encoded and bottomless bodies are refused with 400."""
    with pytest.raises(InvalidBody):
        parse(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"[]", None),
        (b'"text"', None),
        (b"null", None),
        (b"7", None),
        (b'{"a": {"b": [0, 18446744073709551616]}}', "a.b.1"),
        (b'{"a": 9223372036854775808}', "a"),
        (b'{"a": -9223372036854775809}', "a"),
        (b'{"a": 1e400}', "a"),
        (b'{"a": ' + b"9" * 5000 + b"}", None),
        (b'{"a": ["x", "\\u0000"]}', "a.1"),
        (b'{"a": "\\ud800"}', "a"),
        (b'{"a": "\\udc00\\ud800"}', "a"),
        (b'{"a": {"\\u0000": 1}}', "a"),
        (b'{"\\ud800": 1}', None),
        (b'{"a": [' + b",".join([b"[]"] * MAX_VALUES) + b"]}", None),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(text: bytes, field: str | None) -> None:
    """JSON that Postgres or another reader would change or refuse is named by its place."""
    with pytest.raises(Unacceptable) as refused:
        parse(text)

    assert refused.value.field == field


def test_a_pair_of_surrogates_is_one_character() -> None:
    """An escaped character beyond the basic plane is text like any other."""
    assert parse(b'{"a": "\\ud83c\\udf27"}') == {"a": "\N{CLOUD WITH RAIN}"}


def test_the_deepest_allowed_body_is_read() -> None:
    """The limit itself is allowed."""
    assert parse(_nested(MAX_DEPTH))


def test_a_long_key_is_not_echoed() -> None:
    """The refusal of a doubled key shows the start of it only."""
    key = "k" * 100_000
    with pytest.raises(InvalidBody) as refused:
        parse(f'{{"{key}": 1, "{key}": 2}}'.encode())

    assert len(refused.value.message) < 200


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that sends nothing holds no connection for ever."""
    monkeypatch.setattr(body, "_READ_S", 0.01)

    async def receive() -> Message:
        return await asyncio.Event().wait() and {}

    request = Request({"type": "http", "headers": [(b"content-type", b"application/json")]}, receive)
    with pytest.raises(BodyTooSlow):
        asyncio.run(body.read(request, 1000))


def test_a_body_that_is_announced_too_long_is_not_awaited() -> None:
    """The header is enough to refuse it."""

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    headers = [(b"content-type", b"application/json"), (b"content-length", b"99999999999999999999999")]
    request = Request({"type": "http", "headers": headers}, receive)
    with pytest.raises(BodyTooLarge):
        asyncio.run(body.read(request, 1000))


@given(st.binary())
def test_whatever_comes_is_read_or_refused(content: bytes) -> None:
    """No bytes cause a fault of ours."""
    with suppress(Refusal):
        parse(content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
    )
)
def test_what_is_read_is_what_was_sent(value: JsonValue) -> None:
    """Any JSON that is not refused arrives unchanged."""
    with suppress(Refusal):
        assert parse(json.dumps({"value": value}).encode()) == {"value": value}
