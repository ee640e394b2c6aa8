"""What makes a transcript legal."""

from typing import Any

import pytest

from orchestrator.transcript import IllegalTranscript, check

NOTHING: list[Any] = []
USER = {"role": "user", "content": "What is the weather in Tokyo and Paris?"}


def call(call_id: str, **changes: Any) -> dict[str, Any]:
    """A well-formed tool call."""
    return {"id": call_id, "type": "function", "function": {"name": "get_weather", "arguments": "{}"}, **changes}


def asks(*ids: str) -> dict[str, Any]:
    """An assistant message with a call for each id."""
    return {"role": "assistant", "content": None, "tool_calls": [call(call_id) for call_id in ids]}


def answers(call_id: str) -> dict[str, Any]:
    """The tool message of a call."""
    return {"role": "tool", "tool_call_id": call_id, "content": "71 F"}


def with_call(**changes: Any) -> list[dict[str, Any]]:
    """A transcript with one call that has these changes, and its answer."""
    return [USER, {"role": "assistant", "tool_calls": [call("a", **changes)]}, answers("a")]


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([USER], id="one-question"),
        pytest.param([{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, USER], id="instructions"),
        pytest.param([USER, asks("a", "b"), answers("a"), answers("b")], id="answered-in-order"),
        pytest.param([USER, asks("a", "b"), answers("b"), answers("a")], id="answered-in-any-order"),
        pytest.param([USER, asks("a"), answers("a"), asks("a"), answers("a")], id="id-again-in-a-later-turn-vllm#50295"),
        pytest.param([USER, asks("a"), answers("a"), {"role": "assistant", "content": "Sunny."}, USER], id="conversation-goes-on"),
        pytest.param([USER, {"role": "assistant", "content": "Sunny."}], id="ends-with-the-assistant"),
        pytest.param([USER, {"role": "assistant", "refusal": "No."}], id="refusal"),
        pytest.param([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], id="content-parts"),
        pytest.param([USER, {**asks("a"), "reasoning_content": "Hm."}, answers("a")], id="fields-of-one-provider"),
        pytest.param([USER, asks("a"), {**answers("a"), "content": ""}], id="empty-result"),
    ],
)
def test_legal_transcripts_pass(messages: list[dict[str, Any]]) -> None:
    """What every provider takes is not refused."""
    check(messages)


@pytest.mark.parametrize(
    ("messages", "path"),
    [
        pytest.param([], "messages", id="nothing"),
        pytest.param(["hello"], "messages.0", id="no-object"),
        pytest.param([{"content": "Hi"}], "messages.0.role", id="no-role"),
        pytest.param([{"role": "function", "content": "Hi"}], "messages.0.role", id="unknown-role"),
        pytest.param([{"role": ["user"], "content": "Hi"}], "messages.0.role", id="role-of-a-wrong-type"),
        pytest.param([{"role": "user"}], "messages.0.content", id="no-content"),
        pytest.param([{"role": "user", "content": None}], "messages.0.content", id="null-content"),
        pytest.param([{"role": "user", "content": NOTHING}], "messages.0.content", id="no-parts"),
        pytest.param([{"role": "user", "content": [{"text": "Hi"}]}], "messages.0.content.0.type", id="part-without-type"),
        pytest.param([{"role": "user", "content": ["Hi"]}], "messages.0.content.0", id="part-no-object"),
        pytest.param([{"role": "assistant"}], "messages.0.content", id="assistant-says-nothing"),
        pytest.param([{"role": "assistant", "content": 1}], "messages.0.content", id="assistant-content-of-a-wrong-type"),
        pytest.param([{"role": "assistant", "refusal": 1}], "messages.0.refusal", id="refusal-of-a-wrong-type"),
        pytest.param([{"role": "assistant", "content": "", "tool_calls": None}], "messages.0.tool_calls", id="null-calls"),
        pytest.param(
            [{"role": "assistant", "content": "", "tool_calls": NOTHING}], "messages.0.tool_calls", id="no-calls-openai-node#1341"
        ),
        pytest.param([USER, {"role": "assistant", "tool_calls": ["a"]}], "messages.1.tool_calls.0", id="call-no-object"),
        pytest.param(with_call(id=""), "messages.1.tool_calls.0.id", id="empty-id"),
        pytest.param(with_call(id=None), "messages.1.tool_calls.0.id", id="null-id"),
        pytest.param(with_call(type="custom"), "messages.1.tool_calls.0.type", id="other-type"),
        pytest.param(with_call(function=None), "messages.1.tool_calls.0.function", id="null-function"),
        pytest.param(with_call(function={"name": "a.b", "arguments": "{}"}), "messages.1.tool_calls.0.function.name", id="bad-name"),
        pytest.param(
            with_call(function={"name": "a\n", "arguments": "{}"}), "messages.1.tool_calls.0.function.name", id="name-with-newline"
        ),
        pytest.param(
            with_call(function={"name": "a", "arguments": {}}), "messages.1.tool_calls.0.function.arguments", id="object-arguments"
        ),
        pytest.param([USER, asks("a", "a"), answers("a")], "messages.1.tool_calls.1.id", id="id-twice-hermes-agent#67777"),
        pytest.param([USER, asks("a")], "messages.1.tool_calls.0.id", id="ends-with-an-open-call"),
        pytest.param([USER, asks("a", "b"), answers("a")], "messages.1.tool_calls.1.id", id="one-unanswered-pydantic-ai#562"),
        pytest.param(
            [USER, asks("a", "b"), answers("a"), USER, answers("b")], "messages.1.tool_calls.1.id", id="user-between-pydantic-ai#2360"
        ),
        pytest.param([USER, asks("a"), USER], "messages.1.tool_calls.0.id", id="interrupted-livekit#5092"),
        pytest.param(
            [USER, asks("a"), asks("b"), answers("a"), answers("b")], "messages.1.tool_calls.0.id", id="calls-split-js-genai#1275"
        ),
        pytest.param([USER, answers("a")], "messages.1.tool_call_id", id="orphan"),
        pytest.param([USER, asks("a"), answers("b")], "messages.2.tool_call_id", id="answer-to-another-call"),
        pytest.param([USER, asks("a"), answers("a"), answers("a")], "messages.3.tool_call_id", id="answered-twice"),
        pytest.param([USER, asks("a"), {"role": "tool", "content": "71 F"}], "messages.2.tool_call_id", id="answer-without-id"),
        pytest.param([USER, asks("a"), {**answers("a"), "content": None}], "messages.2.content", id="answer-without-content"),
    ],
)
def test_illegal_transcripts_are_refused_with_their_place(messages: list[Any], path: str) -> None:
    """The error names the field, so that the user or the engine can be told where."""
    with pytest.raises(IllegalTranscript) as caught:
        check(messages)
    assert (caught.value.path, caught.value.message != "") == (path, True)
