"""Server-sent events, however their bytes come."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.llm import sse
from orchestrator.llm.errors import ModelProtocolError


def read(*chunks: bytes) -> list[Any]:
    """The events of a stream."""
    return list(sse.events(chunks))


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(b'data: {"a": 1}\n\ndata: {"b": 2}\n\n', id="lf"),
        pytest.param(b'data: {"a": 1}\r\n\r\ndata: {"b": 2}\r\n\r\n', id="crlf"),
        pytest.param(b'data: {"a": 1}\r\rdata: {"b": 2}\r\r', id="cr"),
        pytest.param(b'data:{"a": 1}\n\ndata:{"b": 2}\n\n', id="no-blank"),
        pytest.param(b': OPENROUTER PROCESSING\n\ndata: {"a": 1}\n\n: ping\n\ndata: {"b": 2}\n\n', id="comments"),
        pytest.param(b'event: x\nid: 7\nretry: 3\ndata: {"a": 1}\n\nevent: y\ndata: {"b": 2}\n\n', id="other-fields"),
        pytest.param(b'data: {"a":\ndata: 1}\n\ndata: {"b": 2}\n\n', id="several-lines"),
        pytest.param(b'data: {"a": 1}\n\ndata: {"b": 2}', id="no-blank-line-at-the-end"),
        pytest.param(b'\xef\xbb\xbfdata: {"a": 1}\n\ndata: {"b": 2}\n\n', id="byte-order-mark"),
        pytest.param(b'\n\n\ndata\n\ndata:\n\ndata: {"a": 1}\n\ndata: {"b": 2}\n\n', id="empty-events"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_read_however_they_are_written_and_split(stream: bytes, size: int) -> None:
    """The format knows three line ends, comments and data of several lines."""
    assert read(*(stream[at : at + size] for at in range(0, len(stream), size))) == [{"a": 1}, {"b": 2}]


def test_nothing_is_read_after_openais_last_event() -> None:
    """It is no JSON."""
    events = read(b'data: {"a": 1}\n\ndata: [DONE]\n\ndata: {"b": 2}\n\n')
    assert events == [{"a": 1}, sse.DONE]
    assert events[1] is sse.DONE


@pytest.mark.parametrize("data", [b"<html>", b'{"a": 1', b"[1]", b"{}", b'{"a":' * 10_000])
def test_data_that_is_no_object_ends_the_stream(data: bytes) -> None:
    """It may be half of an event, so what came before is no answer."""
    with pytest.raises(ModelProtocolError) as caught:
        read(b"data: " + data + b"\n\n")
    assert caught.value.retryable


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=5), min_size=1), max_size=3), st.integers(1, 9))
def test_what_is_written_is_read(events: list[dict[str, str]], size: int) -> None:
    """Characters of several bytes may be split."""
    stream = b"".join(b"data: " + json.dumps(event, ensure_ascii=False).encode(errors="replace") + b"\n\n" for event in events)
    plain = [json.loads(json.dumps(event, ensure_ascii=False).encode(errors="replace")) for event in events]
    assert read(*(stream[at : at + size] for at in range(0, len(stream), size))) == plain
