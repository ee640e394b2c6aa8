"""Anthropic's streams put together."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm.errors import ModelError, ModelUnavailable
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.messages.answer import decode
from orchestrator.llm.wires.messages.stream import MessageAssembly

Event = dict[str, Any]

BEGIN: Event = {
    "type": "message_start",
    "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": [], "stop_reason": None}
    | {"usage": {"input_tokens": 400, "cache_read_input_tokens": 100, "output_tokens": 1}},
}
STOP: Event = {"type": "message_stop"}
PING: Event = {"type": "ping"}


def opened(index: Any, **content: Any) -> Event:
    """A block begins."""
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: Any, kind: str, **fields: Any) -> Event:
    """A block grows."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def closed(index: Any) -> Event:
    """A block ends."""
    return {"type": "content_block_stop", "index": index}


def ended(stop_reason: str | None, **usage: Any) -> Event:
    """The message ends."""
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason, "stop_sequence": None}, "usage": {"output_tokens": 200, **usage}}


def text(index: Any, *pieces: str) -> list[Event]:
    """A whole block of text."""
    return [opened(index, type="text", text=""), *(delta(index, "text_delta", text=piece) for piece in pieces), closed(index)]


def use(index: Any, call_id: str, *pieces: str) -> list[Event]:
    """A whole call; its first piece is empty, as the API sends it."""
    pieces = ("", *pieces)
    begin = opened(index, type="tool_use", id=call_id, name="get_weather", input={})
    return [begin, *(delta(index, "input_json_delta", partial_json=piece) for piece in pieces), closed(index)]


def thought(index: int) -> list[Event]:
    """A whole block of thinking."""
    begin = opened(index, type="thinking", thinking="", signature="")
    deltas = [delta(index, "thinking_delta", thinking="Two "), delta(index, "thinking_delta", thinking="cities.")]
    return [begin, *deltas, delta(index, "signature_delta", signature="c2lnbmVk"), closed(index)]


def put_together(events: Sequence[Event]) -> tuple[ModelReply, list[str]]:
    """The reply, and the texts that came while it was written."""
    assembly = MessageAssembly()
    heard = [added for event in events if (added := assembly.feed(event))]
    return assembly.reply("req_1"), heard


def assembled(*events: Event) -> ModelReply:
    """The reply."""
    return put_together(events)[0]


def test_a_stream_is_put_together_as_the_whole_answer() -> None:
    """Thinking, text and two parallel calls, with pings between."""
    pieces = [thought(0), text(1, "Let me", " look."), use(2, "toolu_1", '{"city": "To', 'kyo"}'), use(3, "toolu_2", '{"city": "Paris"}')]
    reply, heard = put_together([BEGIN, PING, *(event for piece in pieces for event in (*piece, PING)), ended("tool_use"), STOP])
    content = [
        {"type": "thinking", "thinking": "Two cities.", "signature": "c2lnbmVk"},
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Tokyo"}},
        {"type": "tool_use", "id": "toolu_2", "name": "get_weather", "input": {"city": "Paris"}},
    ]
    usage = {"input_tokens": 400, "cache_read_input_tokens": 100, "output_tokens": 200}
    whole = json.dumps({"model": "claude-haiku-4-5", "content": content, "stop_reason": "tool_use", "usage": usage})
    assert heard == ["Let me", " look."]
    assert reply == decode(whole.encode(), "req_1")


def test_a_call_without_arguments_has_none() -> None:
    """Its only piece is the empty one (53 simonw/llm#1164)."""
    assert assembled(BEGIN, *use(0, "toolu_1"), ended("tool_use"), STOP).calls == (
        RequestedCall(provider_id="toolu_1", name="get_weather", arguments="{}"),
    )


def test_counts_of_tokens_are_the_last_ones() -> None:
    """Each is for the whole message."""
    reply = assembled(BEGIN, *text(0, "Hi"), ended("end_turn", input_tokens=410, cache_read_input_tokens=None), STOP)
    assert reply.usage == Usage(prompt_tokens=510, completion_tokens=200, total_tokens=710, cached_tokens=100)


def test_what_a_block_begins_with_counts() -> None:
    """Gateways send whole blocks at once."""
    reply, heard = put_together(
        [BEGIN, opened(0, type="text", text="Hi"), closed(0), opened(1, type="tool_use", id="a", name="x", input={"b": 1}), closed(1), STOP]
    )
    assert (heard, reply.content, reply.calls[0].arguments) == (["Hi"], "Hi", '{"b": 1}')


def test_citations_are_kept() -> None:
    """Beside the text that they belong to."""
    cited = [opened(0, type="text", text=""), delta(0, "citations_delta", citation={"cited_text": "x"}), delta(0, "text_delta", text="Hi")]
    assert assembled(BEGIN, *cited, closed(0), ended("end_turn"), STOP).raw == [
        {"type": "text", "text": "Hi", "citations": [{"cited_text": "x"}]}
    ]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([*text(0, "Hi"), *use(0, "a", "{}")], id="11-any-llm#970-index-0-twice"),
        pytest.param([*use(0, "a", "{}"), *use(0, "b", "{}")], id="30-plexus#691-every-index-0"),
        pytest.param([*use(1, "a", "{}"), *use(0, "b", "{}")], id="out-of-order"),
        pytest.param([*use(1, "a", "{}")], id="index-from-1"),
        pytest.param([*use(None, "a", "{}")], id="no-index"),
        pytest.param([*use("0", "a", "{}")], id="index-of-a-wrong-type"),
        pytest.param([*text(0, "Hi"), delta(0, "text_delta", text="!")], id="delta-after-its-block"),
        pytest.param([delta(0, "text_delta", text="!")], id="delta-without-a-block"),
        pytest.param([closed(0)], id="end-without-a-block"),
        pytest.param([opened(0, type="new", value=""), delta(0, "new_delta", value="x"), closed(0)], id="unknown-delta"),
        pytest.param([*use(0, "a", '{"a": 1}', '{"b": 2}')], id="13-hermes#62940-fused-inputs"),
        pytest.param([*use(0, "a", '{"a": ')], id="input-cut-off"),
        pytest.param([*text(0, "Hi"), BEGIN], id="second-message"),
    ],
)
def test_a_stream_that_may_have_lost_a_call_is_doubtful(events: list[Event]) -> None:
    """The turn is asked for again, whole."""
    with pytest.raises(DoubtfulStream):
        assembled(BEGIN, *events, ended("tool_use"), STOP)


def test_the_last_input_of_an_answer_that_was_cut_off_stays_as_it_came() -> None:
    """Its call is known not to run; asking again would be cut off again (56 hermes#7680)."""
    reply = assembled(BEGIN, *use(0, "a", '{"a": 1}'), *use(1, "b", '{"city": "To'), ended("max_tokens"), STOP)
    assert (reply.finish_reason, [call.arguments for call in reply.calls]) == ("length", ['{"a": 1}', '{"city": "To'])


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([], id="nothing"),
        pytest.param([BEGIN], id="begin"),
        pytest.param([BEGIN, *text(0, "Hi")], id="25-vllm#37937-no-end"),
        pytest.param([BEGIN, *use(0, "a", '{"a": 1}')], id="call-without-an-end"),
    ],
)
def test_a_stream_that_broke_off_is_no_answer(events: list[Event]) -> None:
    """It is asked for again."""
    with pytest.raises(ModelError) as caught:
        assembled(*events)
    assert (caught.value.retryable, caught.value.request_id) == (True, "req_1")


def test_a_reason_to_stop_is_the_end_too() -> None:
    """Gateways leave the last event out."""
    assert assembled(BEGIN, *text(0, "Hi"), ended("end_turn")).content == "Hi"


def test_an_error_inside_the_stream_is_an_error() -> None:
    """After status 200; an overload may pass."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_2"}
    with pytest.raises(ModelUnavailable) as caught:
        assembled(BEGIN, *text(0, "Hi"), error)
    assert (caught.value.retryable, caught.value.request_id) == (True, "req_2")


def test_unknown_events_say_nothing() -> None:
    """The API's versioning allows new ones."""
    assert assembled(BEGIN, {"type": "something_new"}, {}, *text(0, "Hi"), ended("end_turn"), STOP).content == "Hi"


KINDS = ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop", "error"]
DELTAS = ["text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta", "tool_use", "text"]
VALUES = st.none() | st.integers(0, 2) | st.text(max_size=3) | st.lists(st.integers(), max_size=1) | st.booleans()
PARTS = st.dictionaries(
    st.sampled_from(["type", "text", "partial_json", "thinking", "signature", "citation", "citations", "id", "stop_reason", "usage"]),
    VALUES | st.sampled_from(DELTAS),
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)},
    optional={"index": VALUES, "content_block": PARTS | VALUES, "delta": PARTS | VALUES, "message": PARTS, "usage": PARTS, "error": PARTS},
)


@given(st.lists(EVENTS, max_size=8))
@settings(deadline=None)
def test_no_stream_raises_anything_but_doubt_and_model_errors(events: list[Event]) -> None:
    """Whatever a gateway sends."""
    with suppress(ModelError, DoubtfulStream):
        put_together(events)[0].model_dump_json()
