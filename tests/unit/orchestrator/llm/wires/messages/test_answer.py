"""Anthropic's answers read without trust."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.wires.messages.answer import decode, joined

TEXT: dict[str, Any] = {"type": "text", "text": "Let me look."}
USE: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Köln"}}
CALL = RequestedCall(provider_id="toolu_1", name="get_weather", arguments='{"city": "Köln"}')
SEARCH: dict[str, Any] = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
SIGNED = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}


def body(**fields: Any) -> bytes:
    """An answer with these fields."""
    return json.dumps(fields).encode()


def said(*content: Any, stop_reason: str | None = "end_turn", **fields: Any) -> ModelReply:
    """The reply of an answer with these blocks."""
    return decode(body(type="message", role="assistant", content=list(content), stop_reason=stop_reason, **fields), None)


def test_a_whole_answer_is_read() -> None:
    """Everything the engine uses is there, and nothing needs to be kept beside it."""
    usage = {"input_tokens": 3, "output_tokens": 4}
    answer = body(id="msg_1", model="claude-haiku-4-5", content=[TEXT, USE], stop_reason="tool_use", usage=usage)
    assert decode(answer, "req_1") == ModelReply(
        content="Let me look.",
        calls=(CALL,),
        finish_reason="tool_calls",
        usage=Usage(prompt_tokens=3, completion_tokens=4, total_tokens=7),
        model="claude-haiku-4-5",
        request_id="req_1",
    )


@pytest.mark.parametrize(
    ("stop_reason", "finish_reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
        ("something_new", "something_new"),
        (None, None),
    ],
)
def test_stop_reasons_are_said_in_our_words(stop_reason: str | None, finish_reason: str | None) -> None:
    """An unknown one stays as it is."""
    assert said(TEXT, stop_reason=stop_reason).finish_reason == finish_reason


def test_a_refusal_is_explained_where_the_provider_explains_it() -> None:
    """Its text may be empty."""
    reply = said(stop_reason="refusal", stop_details={"type": "refusal", "category": "bio", "explanation": "Not this."})
    assert (reply.finish_reason, reply.refusal, reply.content) == ("refusal", "Not this.", None)
    assert said(TEXT, stop_details={"explanation": "x"}).refusal is None


def test_tokens_of_the_cache_are_tokens_of_the_prompt() -> None:
    """Anthropic counts them beside the input."""
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 3000,
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 40},
    }
    assert said(TEXT, usage=usage).usage == Usage(
        prompt_tokens=3210, completion_tokens=50, total_tokens=3260, cached_tokens=200, cache_write_tokens=3000, reasoning_tokens=40
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({}, "{}", id="empty-object"),
        pytest.param(None, "", id="null"),
        pytest.param('{"a": 1}', '{"a": 1}', id="text"),
        pytest.param([1], "[1]", id="array"),
    ],
)
def test_inputs_are_kept_as_text(value: Any, text: str) -> None:
    """Judging them is not the wire's task."""
    assert said({**USE, "input": value}).calls[0].arguments == text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([SIGNED, TEXT, USE], id="thinking"),
        pytest.param([{"type": "redacted_thinking", "data": "eHg="}, USE], id="redacted-thinking"),
        pytest.param([USE, SIGNED, {**USE, "id": "toolu_2"}], id="44-thinking-between-calls"),
        pytest.param([USE, TEXT], id="text-behind-a-call"),
        pytest.param([TEXT, TEXT], id="several-texts"),
        pytest.param([{**TEXT, "citations": [{"type": "page_location"}]}], id="citations"),
        pytest.param([SEARCH, TEXT], id="server-tool"),
        pytest.param([{**USE, "caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}}], id="caller"),
        pytest.param([{"type": "something_new", "value": 1}, TEXT], id="unknown-block"),
    ],
)
def test_a_turn_that_our_form_cannot_say_is_kept_as_it_is(content: list[Any]) -> None:
    """It goes back unmodified."""
    assert said(*content).raw == content


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([TEXT, USE, {**USE, "id": "toolu_2"}], id="text-and-calls"),
        pytest.param([{**USE, "caller": {"type": "direct"}}], id="direct-caller"),
        pytest.param([{**USE, "caller": None, "toolset_name": None} ], id="nulls"),
        pytest.param([{**TEXT, "citations": None}], id="no-citations"),
        pytest.param([{"type": "text", "text": ""}, USE], id="empty-text"),
        pytest.param([{"type": "thinking", "thinking": "Cut o", "signature": ""}, TEXT], id="thinking-cut-off"),
        pytest.param([{"id": "toolu_1", "name": "get_weather"}, TEXT], id="no-type"),
        pytest.param([{"type": 5}, TEXT], id="type-of-no-kind"),
    ],
)  # fmt: skip
def test_a_turn_that_our_form_says_is_kept_once(content: list[Any]) -> None:
    """An empty text, thinking without its signature and what has no type, the API would not take back."""
    assert said(*content).raw is None


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    """In what is kept beside the reply too."""
    reply = said({**SIGNED, "extra": "\ud800"}, {"type": "text", "text": "a\x00b"}, {**USE, "id": "\x00", "input": {"x": "\udfff"}})
    assert (reply.content, reply.calls[0].provider_id, reply.calls[0].arguments) == ("a\ufffdb", "\ufffd", '{"x": "\ufffd"}')
    assert "\\ud800" not in json.dumps(reply.raw)


@pytest.mark.parametrize("block", [{"type": "tool_use"}, {"type": "tool_use", "id": 7, "name": None, "input": {}}])
def test_a_call_without_a_name_is_still_a_call(block: dict[str, Any]) -> None:
    """It will be answered, so it is not dropped."""
    assert [(call.provider_id, call.name) for call in said(block).calls] == [(None, "")]


def test_the_message_id_stands_in_for_the_request_id() -> None:
    """Gateways leave the header out."""
    assert said(TEXT, id="msg_1").request_id == "msg_1"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="array"),
        pytest.param(b"{}", id="empty-object"),
        pytest.param(b'{"a":' * 100_000, id="too-deep"),
        pytest.param(b'{"content":[{"type":"x","input":' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"}]}", id="deep-block"),
        pytest.param(body(content=None), id="null-content"),
        pytest.param(body(content=["x", None]), id="junk-blocks"),
        pytest.param(body(choices=[{"message": {"content": "Hi"}}]), id="another-wire"),
    ],
)
def test_an_answer_without_a_message_cannot_be_used(answer: bytes) -> None:
    """It is worth one more try."""
    with pytest.raises(ModelProtocolError) as caught:
        decode(answer, "req_1")
    assert (caught.value.code, caught.value.retryable, caught.value.request_id) == ("provider_protocol", True, "req_1")


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        ("overloaded_error", True),
        ("api_error", True),
        ("rate_limit_error", True),
        ("timeout_error", True),
        ("invalid_request_error", False),
    ],
)
def test_an_error_as_the_body_is_an_error(kind: str, *, retryable: bool) -> None:
    """It names the request."""
    with pytest.raises(ModelError) as caught:
        decode(body(type="error", error={"type": kind, "message": "dear diary"}, request_id="req_1"), None)
    assert (caught.value.retryable, caught.value.request_id, "diary" in str(caught.value)) == (retryable, "req_1", False)
    assert isinstance(caught.value, ModelRefused) is not retryable


def test_a_paused_turn_and_its_continuation_are_one_turn() -> None:
    """With the blocks of both in order and their tokens added."""
    first = said(SEARCH, TEXT, stop_reason="pause_turn", usage={"input_tokens": 1, "output_tokens": 2})
    rest = said({"type": "text", "text": " Found."}, USE, stop_reason="tool_use", usage={"input_tokens": 10, "output_tokens": 20})
    whole = joined(first, rest)
    assert whole.raw == [SEARCH, TEXT, {"type": "text", "text": " Found."}, USE]
    assert (whole.content, whole.calls, whole.finish_reason, whole.usage.total_tokens) == ("Let me look. Found.", (CALL,), "tool_calls", 33)


def test_a_paused_turn_with_calls_is_answered_first() -> None:
    """Its calls are ours to run."""
    assert said(USE, stop_reason="pause_turn").finish_reason == "tool_calls"


KEYS = ["type", "text", "id", "name", "input", "content", "usage", "stop_reason", "error", "signature", "input_tokens", "stop_details"]
WORDS = st.sampled_from(["text", "tool_use", "thinking", "error", "message", "refusal", "pause_turn", "\x00"])
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.sampled_from(KEYS), children, max_size=5),
    max_leaves=15,
)


@given(JUNK, JUNK)
@settings(deadline=None)
def test_no_answer_raises_anything_but_a_model_error(junk: Any, more: Any) -> None:
    """Whatever a gateway sends is a reply or a typed error, and two of them are one turn."""
    for answer in (junk, {"content": junk, "stop_reason": more}, {"content": [junk, more], "usage": junk, "stop_details": more}):
        with suppress(ModelError):
            reply = decode(json.dumps(answer).encode(), None)
            joined(reply, reply).model_dump_json()
