"""Reading Gemini's answers without trust. Numbers in the names of cases are those of field reports."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.reply import check_usable
from orchestrator.llm.wires.gemini.answer import decode

OSLO = {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}}
ROME = {"functionCall": {"name": "get_weather", "args": {"city": "Rome"}}}


def answer(*parts: Any, reason: str | None = "STOP", **fields: Any) -> bytes:
    """An answer whose candidate has these parts."""
    return json.dumps({"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}], **fields}).encode()


def read(*parts: Any, reason: str | None = "STOP", **fields: Any) -> ModelReply:
    """The reply that such an answer holds."""
    return decode(answer(*parts, reason=reason, **fields), None)


def called(**fields: Any) -> RequestedCall:
    """The call that comes of these fields."""
    return read({"functionCall": fields}).calls[0]


def test_a_whole_answer_is_read() -> None:
    """Thoughts are kept beside the text, and counted beside the candidates."""
    parts: list[Any] = [{"text": "Hm.", "thought": True}, {"text": "Let me see."}, {**OSLO, "thoughtSignature": "c2ln"}, ROME]
    counts = {"promptTokenCount": 83, "candidatesTokenCount": 30, "thoughtsTokenCount": 190, "totalTokenCount": 313}
    more = {"toolUsePromptTokenCount": 10, "cachedContentTokenCount": 50}
    assert read(*parts, usageMetadata=counts | more, modelVersion="gemini-3-flash", responseId="r1") == ModelReply(
        content="Let me see.",
        calls=(
            RequestedCall(provider_id=None, name="get_weather", arguments='{"city": "Oslo"}'),
            RequestedCall(provider_id=None, name="get_weather", arguments='{"city": "Rome"}'),
        ),
        finish_reason="tool_calls",
        usage=Usage(prompt_tokens=93, completion_tokens=220, total_tokens=313, cached_tokens=50, reasoning_tokens=190),
        model="gemini-3-flash",
        request_id="r1",
        raw={"role": "model", "parts": parts},
    )


@pytest.mark.parametrize("report", [pytest.param(12, id="12-any-llm#425"), pytest.param(72, id="72-instructor#2502")])
def test_every_parallel_call_is_read(report: int) -> None:
    """Identical ones too."""
    assert report
    assert [call.arguments for call in read(OSLO, OSLO, ROME).calls] == ['{"city": "Oslo"}'] * 2 + ['{"city": "Rome"}']


@pytest.mark.parametrize("parts", [[{"text": "Hi."}], [{"text": "Hi"}, {"text": "."}]])
def test_text_alone_needs_no_raw_turn(parts: list[Any]) -> None:
    """Our own form says it all."""
    reply = read(*parts)
    assert (reply.content, reply.raw, reply.finish_reason) == ("Hi.", None, "stop")


def test_a_signed_text_is_kept_as_it_came() -> None:
    """Its signature belongs to its part."""
    assert read({"text": "Hi.", "thoughtSignature": "c2ln"}).raw == {
        "role": "model",
        "parts": [{"text": "Hi.", "thoughtSignature": "c2ln"}],
    }


@pytest.mark.parametrize(
    ("fields", "arguments"),
    [
        pytest.param({"name": "f"}, "{}", id="none"),
        pytest.param({"name": "f", "args": None}, "{}", id="null"),
        pytest.param({"name": "f", "args": {"a": "Köln"}}, '{"a": "Köln"}', id="object"),
        pytest.param({"name": "f", "args": '{"a": 1}'}, '{"a": 1}', id="text"),
        pytest.param({"name": "f", "args": [1]}, "[1]", id="list"),
        pytest.param({"name": "f", "args": {"a": "\x00"}}, '{"a": "\\u0000"}', id="nul"),
        pytest.param({"name": "f", "args": {"a": "\ud800"}}, '{"a": "\ufffd"}', id="half-a-pair"),
    ],
)
def test_arguments_are_the_text_of_what_came(fields: dict[str, Any], arguments: str) -> None:
    """Whether they are an object is judged later."""
    assert called(**fields).arguments == arguments


@pytest.mark.parametrize(("given", "kept"), [("8f3a", "8f3a"), ("", ""), (None, None), (7, None)])
def test_ids_are_kept_as_they_were_sent(given: Any, kept: str | None) -> None:
    """Gemini 3.5 and newer give some."""
    assert called(name="f", id=given).provider_id == kept


@pytest.mark.parametrize(
    ("reason", "parts", "finish"),
    [
        ("MAX_TOKENS", [OSLO], "length"),
        ("MAX_TOKENS", [{"text": "So"}], "length"),
        ("CONTINUATION", [{"text": "So"}], "length"),
        ("SAFETY", [OSLO], "content_filter"),
        ("RECITATION", [], "content_filter"),
        ("BLOCKLIST", [], "content_filter"),
        ("PROHIBITED_CONTENT", [], "content_filter"),
        ("SPII", [], "content_filter"),
        ("MODEL_ARMOR", [], "content_filter"),
        ("OTHER", [OSLO], "other"),
        ("NEW_REASON", [{"text": "So"}], "new_reason"),
        (None, [OSLO], "tool_calls"),
        (None, [{"text": "So"}], None),
    ],
)
def test_reasons_are_in_the_words_of_all_providers(reason: str | None, parts: list[Any], finish: str | None) -> None:
    """Calls are read whatever the reason; that of a filter decides what becomes of them."""
    reply = read(*parts, reason=reason)
    assert (reply.finish_reason, len(reply.calls)) == (finish, parts.count(OSLO))
    check_usable(reply, tools_offered=True)


@pytest.mark.parametrize("reason", ["SAFETY", "OTHER", "JAILBREAK"])
def test_a_blocked_prompt_is_filtered(reason: str) -> None:
    """There is no candidate then."""
    reply = decode(json.dumps({"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 4}}).encode(), None)
    assert (reply.finish_reason, reply.content, reply.usage.prompt_tokens) == ("content_filter", None, 4)


@pytest.mark.parametrize(
    ("reason", "retryable"),
    [
        ("MALFORMED_FUNCTION_CALL", True),
        ("UNEXPECTED_TOOL_CALL", True),
        ("MALFORMED_RESPONSE", True),
        ("TOO_MANY_TOOL_CALLS", False),
        ("MISSING_THOUGHT_SIGNATURE", False),
    ],
)
def test_a_broken_answer_runs_nothing(reason: str, retryable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Not even the calls that could be read: half the work would be missing in silence."""
    with pytest.raises(ModelProtocolError) as caught:
        read(OSLO, reason=reason, responseId="r1")
    assert (caught.value.retryable, caught.value.request_id) == (retryable, "r1")


@pytest.mark.parametrize("report", [pytest.param(14, id="14-gcli2api#406")])
@pytest.mark.parametrize("parts", [[], [{"text": ""}], [{"text": "Hm.", "thought": True}]])
def test_an_empty_stop_is_no_success(report: int, parts: list[Any]) -> None:
    """Asked again once."""
    assert report
    with pytest.raises(ModelProtocolError) as caught:
        check_usable(read(*parts), tools_offered=True)
    assert (caught.value.code, caught.value.retryable) == ("empty_reply", True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}, ModelUnavailable),
        ({"code": 400, "status": "INVALID_ARGUMENT", "message": "secret prompt"}, ModelRefused),
    ],
)
def test_an_error_in_the_body_is_raised(error: dict[str, Any], kind: type[ModelError]) -> None:
    """Its text may hold the prompt and is not shown."""
    with pytest.raises(kind) as caught:
        decode(json.dumps({"error": error}).encode(), None)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"null", b'{"candidates": []}', b'{"candidates": [null]}', b"[" * 9999])
def test_what_is_no_answer_is_a_protocol_error(body: bytes) -> None:
    """One more try is worth it."""
    with pytest.raises(ModelProtocolError) as caught:
        decode(body, None)
    assert caught.value.retryable


@pytest.mark.parametrize("part", ['{"x": %s}', '{"functionCall": {"name": "f", "args": %s}}'])
def test_what_is_nested_too_deeply_is_refused(part: str) -> None:
    """Before anything is stored."""
    body = '{"candidates": [{"content": {"parts": [%s]}}]}' % (part % ("[" * 900 + "]" * 900))
    with pytest.raises(ModelProtocolError):
        decode(body.encode(), None)


def test_the_raw_turn_can_be_stored() -> None:
    """Postgres keeps neither NUL nor NaN."""
    body = answer({"functionCall": {"name": "f", "args": {"a\x00": "b\x00"}}, "x": float("nan")})
    assert decode(body, None).raw == {
        "role": "model",
        "parts": [{"functionCall": {"name": "f", "args": {"a\ufffd": "b\ufffd"}}, "x": None}],
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)
)
PART = st.dictionaries(st.sampled_from(["text", "thought", "functionCall", "thoughtSignature"]), JSON | st.just(OSLO["functionCall"]))
FIELDS = ["candidates", "usageMetadata", "promptFeedback", "responseId", "modelVersion", "error"]


@settings(max_examples=150)
@given(parts=st.lists(JSON | PART, max_size=3) | JSON, reason=JSON, fields=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=2))
def test_nothing_but_model_errors_is_raised(parts: Any, reason: Any, fields: dict[str, Any]) -> None:
    """Whatever came."""
    answer = {"candidates": [{"content": {"parts": parts}, "finishReason": reason}], **fields}
    with suppress(ModelError):
        decode(json.dumps(answer).encode(), None)
