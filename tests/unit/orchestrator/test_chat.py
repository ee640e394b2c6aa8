"""Messages from and to OpenAI's chat form."""

import json
from typing import Any

import pytest

from orchestrator import chat
from orchestrator.messages import AssistantMessage, ToolMessage
from orchestrator.transcript import check

USER = {"role": "user", "content": "What is the weather in Tokyo and Paris?"}


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
    assert chat.call("a", "get_weather", written).arguments == replayed


def test_endless_garbage_is_replayed_in_part() -> None:
    """Arguments that are too large to be read do not fill the model's context either."""
    assert json.loads(chat.call("a", "get_weather", "x" * 1_000_000).arguments) == {"INVALID_JSON": "x" * 4096}


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
    assert chat.call("a", written, "{}").name == replayed


def test_a_turn_is_replayed_with_its_calls_in_order() -> None:
    """Text, calls and answers make a legal transcript in the calls' order."""
    calls = (chat.call("a", "get_weather", '{"city":"Tokyo"}'), chat.call("b", "get_news", ""))
    turn = chat.as_chat(AssistantMessage(content="Let me look.", calls=calls))
    check([USER, turn, *(chat.as_chat(ToolMessage(tool_call_id=each.id, content="71 F")) for each in calls)])
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
    built = chat.as_chat(AssistantMessage(content=content, refusal=refusal))
    check([USER, built])
    assert built == message


POSTED: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
    {
        "role": "user",
        "name": "anna",
        "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}}],
    },
    {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm.",
        "tool_calls": [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "get_weather", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "x"}},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "a", "content": "71 F"},
    {"role": "assistant", "content": None, "refusal": "No."},
    {"role": "assistant", "content": "Sunny.", "name": "bot"},
]


def test_what_was_posted_comes_back_as_it_was() -> None:
    """Our form holds all that a legal message in the chat form says, with fields of a provider's own."""
    assert [chat.as_chat(message) for message in chat.read(POSTED)] == POSTED


def test_an_answer_knows_its_tools_name() -> None:
    """Other providers pair by it."""
    assert [message.name for message in chat.read(POSTED) if isinstance(message, ToolMessage)] == ["get_weather"]
