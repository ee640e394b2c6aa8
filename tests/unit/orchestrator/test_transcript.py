"""What makes a transcript legal, and the messages that the engine adds to one."""

import json
from typing import Any

import pytest

from orchestrator.transcript import IllegalTranscript, assistant_message, check, tool_message

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


@pytest.mark.parametrize(
    ("written", "replayed"),
    [
        pytest.param('{"city":"Tokyo"}', '{"city":"Tokyo"}', id="object-as-written"),
        pytest.param("", "{}", id="empty-vllm#19419"),
        pytest.param("null", "{}", id="null"),
        pytest.param('{"city": "Tok', '{"INVALID_JSON": "{\\"city\\": \\"Tok"}', id="truncated"),
        pytest.param("[1]", '{"INVALID_JSON": "[1]"}', id="array"),
        pytest.param('{"a":1,"a":2}', '{"INVALID_JSON": "{\\"a\\":1,\\"a\\":2}"}', id="duplicate-keys"),
    ],
)
def test_arguments_are_replayed_as_a_json_object(written: str, replayed: str) -> None:
    """Servers parse the arguments of earlier calls and fail on anything else."""
    message: Any = assistant_message(None, None, [("a", "get_weather", written)])
    assert message["tool_calls"][0]["function"]["arguments"] == replayed


def test_endless_garbage_is_replayed_in_part() -> None:
    """Arguments that are too large to be read do not fill the model's context either."""
    message: Any = assistant_message(None, None, [("a", "get_weather", "x" * 1_000_000)])
    replayed = json.loads(message["tool_calls"][0]["function"]["arguments"])
    assert replayed == {"INVALID_JSON": "x" * 4096}


@pytest.mark.parametrize(
    ("written", "replayed"),
    [
        pytest.param("get_weather", "get_weather", id="good"),
        pytest.param("functions.get weather", "functions_get_weather", id="bad-characters"),
        pytest.param("wetter_in_köln\n", "wetter_in_k_ln_", id="other-alphabets"),
        pytest.param("x" * 65, "x" * 64, id="too-long"),
        pytest.param("", "unnamed", id="empty"),
    ],
)
def test_names_are_replayed_in_the_form_that_providers_take(written: str, replayed: str) -> None:
    """A made-up name in the history must not make the provider refuse the whole request."""
    message: Any = assistant_message(None, None, [("a", written, "{}")])
    assert message["tool_calls"][0]["function"]["name"] == replayed


def test_a_turn_is_replayed_with_its_calls_in_order() -> None:
    """Text, calls and answers make a legal transcript in the calls' order."""
    turn = assistant_message("Let me look.", None, [("a", "get_weather", '{"city":"Tokyo"}'), ("b", "get_news", "")])
    check([USER, turn, tool_message("a", "71 F"), tool_message("b", "[]")])
    assert turn == {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Tokyo"}'}},
            {"id": "b", "type": "function", "function": {"name": "get_news", "arguments": "{}"}},
        ],
    }


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        pytest.param("Sunny.", None, {"role": "assistant", "content": "Sunny."}, id="answer"),
        pytest.param(None, "No.", {"role": "assistant", "content": None, "refusal": "No."}, id="refusal"),
        pytest.param(None, None, {"role": "assistant", "content": ""}, id="nothing"),
    ],
)
def test_a_turn_without_calls_is_legal_whatever_it_says(content: str | None, refusal: str | None, message: dict[str, Any]) -> None:
    """Even a turn that was cut off before its first word can be sent again."""
    built = assistant_message(content, refusal, [])
    check([USER, built])
    assert built == message
