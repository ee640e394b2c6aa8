"""Reading a chat completion's body without trust."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.wires.chat.answer import decode


def body(**fields: Any) -> bytes:
    """A completion with these fields."""
    return json.dumps(fields).encode()


def said(**message: Any) -> ModelReply:
    """The reply whose message has these fields."""
    return decode(body(choices=[{"message": message}]), None)


def called(**call: Any) -> RequestedCall:
    """The call that comes of these fields."""
    return said(tool_calls=[call]).calls[0]


def test_a_whole_answer_is_read() -> None:
    """Everything the engine uses is there."""
    function = {"name": "get_weather", "arguments": '{"city": "Tokyo"}'}
    message = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    answer = body(id="chatcmpl-1", model="gpt-5", choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}], usage=usage)
    assert decode(answer, "req_1") == ModelReply(
        content=None,
        calls=(RequestedCall(provider_id="call_1", name="get_weather", arguments='{"city": "Tokyo"}'),),
        finish_reason="tool_calls",
        usage=Usage(prompt_tokens=3, completion_tokens=4, total_tokens=7),
        model="gpt-5",
        request_id="req_1",
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param('{"a":1}', '{"a":1}', id="text"),
        pytest.param("", "", id="empty-autogen#5666"),
        pytest.param(None, "", id="null-writer"),
        pytest.param({"city": "Köln"}, '{"city": "Köln"}', id="object-litellm#37792"),
        pytest.param([1], "[1]", id="array"),
        pytest.param(False, "false", id="boolean"),
    ],
)
def test_arguments_are_kept_as_text(value: Any, text: str) -> None:
    """Servers send the text, null or the object itself."""
    assert called(function={"name": "x", "arguments": value}).arguments == text


def test_missing_arguments_are_an_empty_text() -> None:
    """OpenRouter leaves the key out (ai-sdk-provider#287)."""
    assert called(function={"name": "x"}).arguments == ""


@pytest.mark.parametrize("provider_id", [None, "", "null", "x" * 300])
def test_ids_are_kept_as_they_were_sent(provider_id: str | None) -> None:
    """Judging them is not the adapter's task."""
    assert called(id=provider_id, function={"name": "x"}).provider_id == provider_id


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"id": "a", "function": None}, id="null-function"),
        pytest.param({"id": "a"}, id="no-function"),
        pytest.param({"id": "a", "function": {"name": 7}}, id="name-of-a-wrong-type"),
        pytest.param({"id": "a", "type": "custom", "custom": {"name": "x"}}, id="custom"),
    ],
)
def test_a_call_without_a_name_is_still_a_call(call: dict[str, Any]) -> None:
    """It will be answered, so it is not dropped."""
    assert called(**call) == RequestedCall(provider_id="a", name="", arguments="")


def test_junk_among_the_calls_is_a_call_without_a_name() -> None:
    """Nothing that the model sent is lost."""
    assert said(tool_calls=[None, "x"]).calls == (RequestedCall(provider_id=None, name="", arguments=""),) * 2


@pytest.mark.parametrize("tool_calls", [None, [], {}, "x"])
def test_calls_that_are_no_list_are_none(tool_calls: Any) -> None:
    """Groq leaves the key out, others send null or an empty list."""
    assert said(content="Hi", tool_calls=tool_calls).calls == ()


def test_a_legacy_function_call_is_a_call() -> None:
    """Old servers know one call, without an id."""
    reply = said(function_call={"name": "x", "arguments": "{}"})
    assert reply.calls == (RequestedCall(provider_id=None, name="x", arguments="{}"),)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param("Hi", "Hi", id="text"),
        pytest.param(None, None, id="null"),
        pytest.param([{"type": "text", "text": "Hi "}, {"type": "text", "text": "you"}], "Hi you", id="parts"),
        pytest.param([{"type": "thinking", "thinking": "Hm."}, {"text": "Hi"}], "Hi", id="thinking-is-left-out"),
        pytest.param([{"type": "text", "text": None}, None, "x"], None, id="junk-parts"),
        pytest.param({"text": "Hi"}, None, id="object"),
        pytest.param(7, None, id="number"),
    ],
)
def test_content_is_text_or_nothing(content: Any, text: str | None) -> None:
    """Some servers send a list of parts."""
    assert said(content=content).content == text


def test_a_refusal_is_read_from_the_message_or_its_parts() -> None:
    """OpenAI has the field, others a part."""
    part = {"type": "refusal", "refusal": "No."}
    assert [said(refusal="No.").refusal, said(content=[part]).refusal, said(content="Hi", refusal=None).refusal] == ["No.", "No.", None]


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    """Postgres refuses NUL, UTF-8 half a surrogate pair."""
    reply = said(content="a\x00b\ud800c😀", tool_calls=[{"id": "\x00", "function": {"name": "\udfff", "arguments": "{\x00}"}}])
    assert reply.content == "a\ufffdb\ufffdc😀"
    assert reply.calls == (RequestedCall(provider_id="\ufffd", name="\ufffd", arguments="{\ufffd}"),)


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        pytest.param(None, 0, id="null"),
        pytest.param({}, 0, id="empty"),
        pytest.param({"prompt_tokens": 3, "completion_tokens": 4}, 7, id="no-total"),
        pytest.param({"prompt_tokens": None, "completion_tokens": "4", "total_tokens": 5.0}, 5, id="wrong-types"),
        pytest.param({"prompt_tokens": -1, "completion_tokens": 10**30, "total_tokens": float("nan")}, 0, id="impossible"),
    ],
)
def test_usage_is_counted_where_it_can_be_believed(usage: Any, total: int) -> None:
    """A missing or absurd count is no reason to lose the reply."""
    assert decode(body(choices=[{"message": {"content": "Hi"}}], usage=usage), None).usage.total_tokens == total


def test_the_first_of_several_choices_counts() -> None:
    """One was asked for."""
    answer = body(choices=[None, {"message": {"content": "first"}}, {"message": {"content": "second"}}])
    assert decode(answer, None).content == "first"


def test_the_completions_id_stands_in_for_the_request_id() -> None:
    """Gateways without the header have at least that."""
    assert decode(body(id="gen-1", choices=[{"message": {"content": "Hi"}}]), None).request_id == "gen-1"


def test_blanks_before_the_answer_are_skipped() -> None:
    """OpenRouter keeps connections alive with them."""
    assert decode(b"\n   \n" + body(choices=[{"message": {"content": "Hi"}}]), None).content == "Hi"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"[]", id="array"),
        pytest.param(b"{}", id="empty-object"),
        pytest.param(b'{"a":' * 100_000, id="too-deep"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="number-too-long"),
        pytest.param(body(choices=None), id="null-choices-pydantic-ai#6900"),
        pytest.param(body(choices=[]), id="no-choices"),
        pytest.param(body(choices=["x"]), id="junk-choice"),
        pytest.param(body(choices=[{"message": None}]), id="null-message"),
        pytest.param(body(choices=[{"finish_reason": "stop"}]), id="no-message"),
    ],
)
def test_an_answer_without_a_message_cannot_be_used(answer: bytes) -> None:
    """It is worth one more try."""
    with pytest.raises(ModelProtocolError) as caught:
        decode(answer, "req_1")
    assert (caught.value.code, caught.value.retryable, caught.value.request_id) == ("provider_protocol", True, "req_1")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(body(error={"message": "x"}), id="error-pydantic-ai#3994"),
        pytest.param(body(error="x", choices=[{"message": {"content": "Hi"}}]), id="error-beside-choices"),
        pytest.param(body(choices=[{"error": {"code": "x"}, "message": {"content": "Hi"}}]), id="error-in-the-choice"),
        pytest.param(body(choices=[{"finish_reason": "error", "message": {"content": "Hi"}}]), id="finish-reason-error"),
    ],
)
def test_an_error_wins_over_what_comes_with_it(answer: bytes) -> None:
    """Half an answer is none."""
    with pytest.raises(ModelProtocolError) as caught:
        decode(answer, None)
    assert caught.value.code == "provider_error"


def test_an_error_that_stays_is_refused() -> None:
    """The code in the body decides."""
    with pytest.raises(ModelRefused):
        decode(body(error={"code": 401}), None)


def test_a_null_error_is_none() -> None:
    """Some servers always send the key."""
    assert decode(body(error=None, choices=[{"message": {"content": "Hi"}}]), None).content == "Hi"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "tool_calls", "function", "name", "arguments", "id", "content", "usage", "error", "text"]
            ),
            children,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(JUNK)
@settings(deadline=None)
def test_no_answer_raises_anything_but_a_model_error(junk: Any) -> None:
    """Whatever a gateway sends is a reply or a typed error."""
    for answer in (body(choices=[{"message": junk}]), body(choices=junk), body(choices=[junk], usage=junk, error=junk)):
        with suppress(ModelError):
            decode(answer, None).model_dump_json()
