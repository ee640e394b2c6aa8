"""Messages from and to OpenAI's chat form."""

import json
from typing import Any

import pytest

from orchestrator import chat
from orchestrator.messages import AssistantMessage, Call, Image, Instructions, Text, ToolMessage, UserMessage
from orchestrator.transcript import check

USER: dict[str, Any] = {"role": "user", "content": "What is the weather in Tokyo and Paris?"}


def turn(*calls: Call, content: str | None = None, refusal: str | None = None) -> dict[str, Any]:
    """An assistant message in chat form."""
    return chat.as_chat(AssistantMessage(content=content, refusal=refusal, calls=calls))


def test_posted_messages_come_back_as_they_were() -> None:
    """Our own form loses nothing of what a caller may post, fields of a provider's own included."""
    call: dict[str, Any] = {
        "id": "a",
        "type": "function",
        "function": {"name": "get_weather", "arguments": "{}"},
        "extra_content": {"x": 1},
    }
    posted: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be kind.", "name": "us"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "https://x/y"}}]},
        {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "71 F"}]},
        {"role": "assistant", "content": "Sunny.", "name": "me"},
    ]
    read = chat.read(posted)
    assert [chat.as_chat(message) for message in read] == posted
    assert read[0] == Instructions(role="developer", content="Be kind.", name="us")
    assert read[1] == UserMessage(content=(Text(text="Hi"), Image(url="https://x/y")))
    assert read[3] == ToolMessage(tool_call_id="a", name="get_weather", content=(Text(text="71 F"),))


def test_an_assistants_parts_are_put_together() -> None:
    """Text in parts is one text, and a refusal among them is a refusal."""
    parts = [{"type": "text", "text": "Well, "}, {"type": "text", "text": "no."}, {"type": "refusal", "refusal": "I cannot."}]
    assert chat.read([{"role": "assistant", "content": parts}]) == (AssistantMessage(content="Well, no.", refusal="I cannot."),)


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
    message: Any = turn(chat.call("a", "get_weather", written))
    assert message["tool_calls"][0]["function"]["arguments"] == replayed


def test_endless_garbage_is_replayed_in_part() -> None:
    """Arguments that are too large to be read do not fill the model's context either."""
    message: Any = turn(chat.call("a", "get_weather", "x" * 1_000_000))
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
    message: Any = turn(chat.call("a", written, "{}"))
    assert message["tool_calls"][0]["function"]["name"] == replayed


def test_a_turn_is_replayed_with_its_calls_in_order() -> None:
    """Text, calls and answers make a legal transcript in the calls' order."""
    built = turn(chat.call("a", "get_weather", '{"city":"Tokyo"}'), chat.call("b", "get_news", ""), content="Let me look.")
    check([USER, built, *(chat.as_chat(ToolMessage(tool_call_id=call_id, content="71 F")) for call_id in "ab")])
    assert built == {
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
    built = turn(content=content, refusal=refusal)
    check([USER, built])
    assert built == message
