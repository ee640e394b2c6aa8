"""Answers in OpenAI's form."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply, ScriptedCall, StreamStyle, TokenCounts
from orchestrator.llm.scripted.transcript import standing
from orchestrator.llm.scripted.wires.chat import Chat

CHAT = Chat()
TWO_CALLS = Reply(tool_calls=(ScriptedCall.of("get_weather", city="Tokyo"), ScriptedCall(name="now", arguments=None, id="")))


def completion(reply: Reply, **fields: Any) -> Completion:
    """The reply to a short question."""
    request = ChatRequest.model_validate({"model": "scripted", "messages": [{"role": "user", "content": "Hello, you!"}]} | fields)
    return Completion(request, standing(request.messages), reply)


def body(reply: Reply) -> dict[str, Any]:
    """The whole answer."""
    return CHAT.body(completion(reply))


def deltas(reply: Reply) -> list[dict[str, Any]]:
    """What the chunks of a stream say."""
    return [chunk["choices"][0]["delta"] for chunk in CHAT.chunks(completion(reply))]


def call_deltas(**style: Any) -> list[dict[str, Any]]:
    """The fragments of two calls in this style."""
    calls = (ScriptedCall(name="a", arguments='{"x":1}', id="1"), ScriptedCall(name="b", arguments='{"y":2}', id="2"))
    said = deltas(Reply(tool_calls=calls, stream=StreamStyle(**style)))
    return [delta["tool_calls"][0] for delta in said if "tool_calls" in delta]


def with_usage(reply: Reply) -> Completion:
    """The reply to one who wants the usage chunk."""
    return completion(reply, stream=True, stream_options={"include_usage": True})


def test_an_answer_with_calls_has_no_content() -> None:
    """It is what the SDK reads, and says that no language model wrote it."""
    answer = ChatCompletion.model_validate(body(Reply(tool_calls=(ScriptedCall.of("get_weather", city="Tokyo"),))))

    choice = answer.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (answer.model, answer.system_fingerprint) == ("scripted", "scripted-model-not-a-language-model")


def test_an_answer_without_calls_has_no_empty_list_of_them() -> None:
    """The key is missing, as with OpenAI."""
    choice = body(Reply(content="Hi"))["choices"][0]

    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"


def test_fresh_ids_are_unique_and_given_ones_stay() -> None:
    """Given ones may be empty, null or repeated."""
    calls = (ScriptedCall(name="a"), ScriptedCall(name="a"), ScriptedCall(name="a", id=None), ScriptedCall(name="a", id="x"))

    ids = [call["id"] for _ in range(2) for call in body(Reply(tool_calls=calls))["choices"][0]["message"]["tool_calls"]]

    assert ids[2:4] == ids[6:8] == [None, "x"]
    assert len({*ids[:2], *ids[4:6]}) == 4


def test_usage_is_estimated_or_stated() -> None:
    """Four characters are one token, rounded up."""
    estimated = body(Reply(content="12345", reasoning="Hm."))["usage"]
    stated = body(Reply(usage=TokenCounts(prompt_tokens=7, completion_tokens=9, cached_tokens=5, reasoning_tokens=4)))["usage"]

    assert estimated == {
        "prompt_tokens": 3,
        "completion_tokens": 3,
        "total_tokens": 6,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    assert stated == {
        "prompt_tokens": 7,
        "completion_tokens": 9,
        "total_tokens": 16,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }


def test_calls_are_streamed_by_index() -> None:
    """Each opens with id, name and empty arguments, and goes on with fragments."""
    said = deltas(TWO_CALLS)

    called = [delta["tool_calls"][0] for delta in said if "tool_calls" in delta]
    assert said[0] == {"role": "assistant", "content": None, "refusal": None}
    assert called[0] == {"index": 0, "id": called[0]["id"], "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    assert called[1] == {"index": 0, "function": {"arguments": '{"ci'}}
    assert "".join(each["function"]["arguments"] for each in called[:-1]) == '{"city":"Tokyo"}'
    assert called[-1] == {"index": 1, "id": "", "type": "function", "function": {"name": "now", "arguments": None}}


def test_a_stream_ends_with_finish_reason_usage_and_done() -> None:
    """The usage comes in a chunk without choices, and all others say null."""
    parts = list(CHAT.events(with_usage(Reply(content="Hello"))))

    chunks = [ChatCompletionChunk.model_validate_json(part.removeprefix(b"data: ")) for part in parts[:-1]]
    assert parts[-1] == b"data: [DONE]\n\n"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert all(b'"usage":null' in part for part in parts[:-2])


def test_no_usage_is_streamed_unasked() -> None:
    """The key is missing."""
    assert not any(b"usage" in part for part in CHAT.events(completion(Reply(content="Hello"))))


def test_a_refusal_is_streamed_too() -> None:
    """In its own field."""
    assert "".join(delta.get("refusal") or "" for delta in deltas(Reply(refusal="I will not."))) == "I will not."


def test_any_text_can_be_sent() -> None:
    """Also what UTF-8 cannot hold."""
    parts = list(CHAT.events(completion(Reply(content="\ud800 Grüezi"))))

    texts = [json.loads(part.removeprefix(b"data: "))["choices"][0]["delta"].get("content") for part in parts[:-1]]
    assert "".join(text or "" for text in texts) == "\ud800 Grüezi"


def test_an_error_has_its_type_by_status() -> None:
    """Unless the script names one."""
    kinds = [CHAT.error(fault)["error"]["type"] for fault in (ErrorFault(status=429), ErrorFault(status=503), ErrorFault(type="x"))]

    assert kinds == ["invalid_request_error", "server_error", "x"]


def test_what_was_thought_is_told_as_compatible_servers_do() -> None:
    """Whole and in fragments."""
    thinking = Reply(reasoning="I think.", content="Hi")

    assert body(thinking)["choices"][0]["message"]["reasoning_content"] == "I think."
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas(thinking)) == "I think."


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ({"index": "zero"}, [(0, "1", ""), (0, None, '{"x"'), (0, None, ":1}"), (0, "2", ""), (0, None, '{"y"'), (0, None, ":2}")]),
        ({"index": "none", "arguments": "whole"}, [(None, "1", '{"x":1}'), (None, "2", '{"y":2}')]),
        ({"index": "from_one", "arguments": "whole"}, [(1, "1", '{"x":1}'), (2, "2", '{"y":2}')]),
        ({"ids": "first_call", "arguments": "whole"}, [(0, "1", '{"x":1}'), (1, None, '{"y":2}')]),
        ({"ids": "every"}, [(0, "1", ""), (0, "1", '{"x"'), (0, "1", ":1}"), (1, "2", ""), (1, "2", '{"y"'), (1, "2", ":2}")]),
        ({"order": "fused", "arguments": "whole"}, [(0, "1", '{"x":1}{"y":2}')]),
        (
            {"order": "interleaved", "arguments": "null"},
            [(0, "1", None), (1, "2", None), (0, None, '{"x"'), (1, None, '{"y"'), (0, None, ":1}"), (1, None, ":2}")],
        ),
    ],
)
def test_streams_may_be_odd(style: dict[str, str], said: list[tuple[int | None, str | None, str | None]]) -> None:
    """As those of servers in the field: each fragment's index, id and arguments."""
    found = [(each.get("index"), each.get("id"), each["function"]["arguments"]) for each in call_deltas(**style)]

    assert found == said


def test_a_call_may_open_without_arguments() -> None:
    """The key is missing, and the fragments follow."""
    opening, first, *_ = call_deltas(arguments="missing")

    assert opening["function"] == {"name": "a"}
    assert first["function"] == {"arguments": '{"x"'}


@pytest.mark.parametrize(("finish", "reasons"), [("once", 1), ("twice", 2), ("each_call", 2)])
def test_a_stream_may_finish_more_than_once(finish: Any, reasons: int) -> None:
    """At the end, or after each call."""
    said = CHAT.chunks(completion(TWO_CALLS.model_copy(update={"stream": StreamStyle(finish=finish)})))

    found = [chunk["choices"][0]["finish_reason"] for chunk in said]
    assert found.count("tool_calls") == reasons
    assert found[-1] == "tool_calls"
