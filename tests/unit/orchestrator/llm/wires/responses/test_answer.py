"""Reading responses without trust, whole and streamed."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.llm import sse
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply, RequestedCall, Usage
from orchestrator.llm.wires.responses.answer import decode
from orchestrator.llm.wires.responses.stream import ResponsesAssembly

CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "x", "arguments": '{"n":1}', "status": "completed"}
TEXT = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Sunny."}],
}
REASONING: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "secret"}
USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 5},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 40,
}


def read(*output: Any, **fields: Any) -> ModelReply:
    """The reply that a response with this output holds."""
    response = {"id": "resp_1", "model": "gpt-5", "status": "completed", "output": list(output), **fields}
    return decode(json.dumps(response).encode(), None)


def streamed(*events: Any) -> ModelReply:
    """The reply that these events make."""
    assembly = ResponsesAssembly()
    for event in events:
        assembly.feed(event)
    return assembly.reply("req_1")


def test_a_whole_response_is_read() -> None:
    """Everything the engine uses is there."""
    assert read(TEXT, CALL, usage=USAGE) == ModelReply(
        content="Sunny.",
        calls=(RequestedCall(provider_id="call_1", name="x", arguments='{"n":1}'),),
        finish_reason="tool_calls",
        usage=Usage(prompt_tokens=30, completion_tokens=10, total_tokens=40, cached_tokens=20, cache_write_tokens=5, reasoning_tokens=4),
        model="gpt-5",
        request_id="resp_1",
    )


def test_several_messages_are_set_apart() -> None:
    """A remark before the answer."""
    assert read(TEXT, TEXT).content == "Sunny.\n\nSunny."


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length", id="length"),
        pytest.param({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter", id="filter"),
        pytest.param({"status": "incomplete", "incomplete_details": None}, "incomplete", id="no-reason"),
        pytest.param({"status": "completed"}, "stop", id="completed"),
        pytest.param({"status": None}, "stop", id="no-status"),
    ],
)
def test_the_end_is_told_in_the_words_of_chat_completions(fields: dict[str, Any], reason: str) -> None:
    """One judge reads them all."""
    assert read(TEXT, **fields).finish_reason == reason


def test_a_refusal_is_a_part_of_a_message() -> None:
    """Beside the text, if any."""
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}
    assert (read(refusal).refusal, read(refusal).content) == ("No.", None)


@pytest.mark.parametrize(
    ("output", "is_kept"),
    [
        pytest.param([REASONING, CALL], True, id="reasoning"),
        pytest.param([{**TEXT, "phase": "commentary"}], True, id="field-of-its-own"),
        pytest.param([TEXT, CALL], False, id="plain"),
        pytest.param([{**REASONING, "encrypted_content": None}, CALL], False, id="reasoning-that-cannot-be-given-back"),
    ],
)
def test_what_our_form_cannot_say_is_kept(output: list[Any], is_kept: bool) -> None:  # noqa: FBT001 - a table.
    """To be given back as it came."""
    assert read(*output).raw == (output if is_kept else None)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        pytest.param({"call_id": None, "id": "fc_1"}, ("fc_1", "", ""), id="no-call-id"),
        pytest.param({"arguments": {"n": 1}, "name": "x"}, (None, "x", '{"n": 1}'), id="object"),
        pytest.param({"arguments": None, "name": 7}, (None, "", ""), id="null"),
    ],
)
def test_a_call_is_never_dropped(call: dict[str, Any], expected: tuple[str | None, str, str]) -> None:
    """It will be answered."""
    found = read({"type": "function_call", **call}).calls[0]
    assert (found.provider_id, found.name, found.arguments) == expected


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        pytest.param({"status": "failed", "error": {"code": "server_error"}}, ModelUnavailable, id="failed"),
        pytest.param({"status": "failed", "error": {"code": "rate_limit_exceeded"}}, ModelUnavailable, id="rate-limit"),
        pytest.param({"status": "failed"}, ModelProtocolError, id="failed-without-a-word"),
        pytest.param({"error": {"code": "insufficient_quota"}}, ModelRefused, id="quota"),
        pytest.param({"output": None}, ModelProtocolError, id="no-output"),
    ],
)
def test_a_response_that_failed_is_no_reply(fields: dict[str, Any], kind: type[ModelError]) -> None:
    """Its error says whether to try again."""
    with pytest.raises(kind):
        read(TEXT, **fields)


def delta(text: str, index: int = 0) -> dict[str, Any]:
    """A piece of text."""
    return {"type": "response.output_text.delta", "item_id": f"msg_{index}", "output_index": index, "delta": text}


def ended(kind: str = "completed", **fields: Any) -> dict[str, Any]:
    """The last event."""
    return {"type": f"response.{kind}", "response": {"id": "resp_1", "status": kind, "output": [REASONING, TEXT, CALL], **fields}}


def test_the_last_event_is_the_answer() -> None:
    """1, litellm#21331: fragments that all have index 0 do not matter."""
    fragments = [{"type": "response.function_call_arguments.delta", "output_index": 0, "delta": piece} for piece in ('{"a":', '{"b":')]
    reply = streamed({"type": "response.created", "response": {"output": []}}, *fragments, ended(), sse.DONE)
    assert ([call.name for call in reply.calls], reply.content, reply.request_id) == (["x"], "Sunny.", "req_1")
    assert reply.raw == [REASONING, TEXT, CALL]


def test_the_output_may_come_in_items_alone() -> None:
    """Some servers leave it out of the last event."""
    items = [{"type": "response.output_item.done", "item": item} for item in (TEXT, CALL)]
    assert [call.name for call in streamed(*items, ended(output=[])).calls] == ["x"]


def test_each_delta_gives_its_text() -> None:
    """Another message begins apart."""
    assembly = ResponsesAssembly()
    assert [assembly.feed(event) for event in (delta("Sun"), delta("ny."), delta("Warm.", 1))] == ["Sun", "ny.", "\n\nWarm."]


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    """Even where all items came."""
    with pytest.raises(ModelUnavailable):
        streamed(delta("Sunny."), {"type": "response.output_item.done", "item": TEXT})


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        pytest.param({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, ModelUnavailable, id="error"),
        pytest.param({"type": "error", "error": {"code": "insufficient_quota"}}, ModelRefused, id="error-in-an-envelope"),
        pytest.param(ended("failed", error={"code": "server_error"}), ModelUnavailable, id="failed"),
    ],
)
def test_an_error_inside_the_stream_ends_it(event: dict[str, Any], kind: type[ModelError]) -> None:
    """The status was 200."""
    with pytest.raises(kind):
        streamed(delta("Sun"), event)


def test_an_incomplete_stream_is_a_cut_answer() -> None:
    """Its last call is judged as cut."""
    assert streamed(ended("incomplete", incomplete_details={"reason": "max_output_tokens"})).finish_reason == "length"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "output", "content", "text", "call_id", "arguments", "error", "status", "item", "item_id"]),
            children | st.sampled_from(["function_call", "message", "reasoning", "response.output_item.done"]),
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(JUNK)
@settings(deadline=None)
def test_no_answer_raises_anything_but_a_model_error(junk: Any) -> None:
    """Whatever a gateway sends is a reply or a typed error."""
    with suppress(ModelError):
        decode(json.dumps({"output": [junk], "usage": junk, "status": junk}).encode(), None).model_dump_json()
    for kind in ("response.completed", "response.output_item.done", "response.output_text.delta", junk):
        with suppress(ModelError):
            streamed({"type": kind, "item": junk, "response": junk, "delta": junk}, ended(output=junk)).model_dump_json()
