"""Answers in OpenAI's form."""

import json
from typing import Any

from openai.types.chat import ChatCompletion, ChatCompletionChunk

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply, ScriptedCall, TokenCounts
from orchestrator.llm.scripted.transcript import standing
from orchestrator.llm.scripted.wire import Completion, events, fault_body, fault_headers

TWO_CALLS = Reply(tool_calls=(ScriptedCall.of("get_weather", city="Tokyo"), ScriptedCall(name="now", arguments=None, id="")))


def completion(reply: Reply, **fields: Any) -> Completion:
    """The reply to a short question."""
    request = ChatRequest.model_validate({"model": "scripted", "messages": [{"role": "user", "content": "Hello, you!"}]} | fields)
    return Completion(request, standing(request.messages), reply)


def test_an_answer_with_calls_has_no_content() -> None:
    """It is what the SDK reads, and says that no language model wrote it."""
    answer = ChatCompletion.model_validate(completion(Reply(tool_calls=(ScriptedCall.of("get_weather", city="Tokyo"),))).body())

    choice = answer.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert (answer.model, answer.system_fingerprint) == ("scripted", "scripted-model-not-a-language-model")


def test_an_answer_without_calls_has_no_empty_list_of_them() -> None:
    """The key is missing, as with OpenAI."""
    choice = completion(Reply(content="Hi")).body()["choices"][0]

    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"


def test_fresh_ids_are_unique_and_given_ones_stay() -> None:
    """Given ones may be empty, null or repeated."""
    calls = (ScriptedCall(name="a"), ScriptedCall(name="a"), ScriptedCall(name="a", id=None), ScriptedCall(name="a", id="x"))

    ids = [call["id"] for _ in range(2) for call in completion(Reply(tool_calls=calls)).tool_calls]

    assert ids[2:4] == ids[6:8] == [None, "x"]
    assert len({*ids[:2], *ids[4:6]}) == 4


def test_usage_is_estimated_or_stated() -> None:
    """Four characters are one token, rounded up."""
    estimated = completion(Reply(content="12345")).body()["usage"]
    stated = completion(Reply(usage=TokenCounts(prompt_tokens=7, completion_tokens=9))).body()["usage"]

    assert estimated == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert stated == {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16}


def test_calls_are_streamed_by_index() -> None:
    """Each opens with id, name and empty arguments, and goes on with fragments."""
    deltas = [chunk["choices"][0]["delta"] for chunk in completion(TWO_CALLS).chunks(with_usage=False)]

    called = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert deltas[0] == {"role": "assistant", "content": None, "refusal": None}
    assert called[0] == {"index": 0, "id": called[0]["id"], "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    assert called[1] == {"index": 0, "function": {"arguments": '{"ci'}}
    assert "".join(each["function"]["arguments"] for each in called[:-1]) == '{"city":"Tokyo"}'
    assert called[-1] == {"index": 1, "id": "", "type": "function", "function": {"name": "now", "arguments": None}}


def test_a_stream_ends_with_finish_reason_usage_and_done() -> None:
    """The usage comes in a chunk without choices, and all others say null."""
    parts = events(completion(Reply(content="Hello")), with_usage=True)

    chunks = [ChatCompletionChunk.model_validate_json(part.removeprefix(b"data: ")) for part in parts[:-1]]
    assert parts[-1] == b"data: [DONE]\n\n"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert all(b'"usage":null' in part for part in parts[:-2])


def test_no_usage_is_streamed_unasked() -> None:
    """The key is missing."""
    assert not any(b"usage" in part for part in events(completion(Reply(content="Hello")), with_usage=False))


def test_a_refusal_is_streamed_too() -> None:
    """In its own field."""
    deltas = [chunk["choices"][0]["delta"] for chunk in completion(Reply(refusal="I will not.")).chunks(with_usage=False)]

    assert "".join(delta.get("refusal") or "" for delta in deltas) == "I will not."


def test_any_text_can_be_sent() -> None:
    """Also what UTF-8 cannot hold."""
    parts = events(completion(Reply(content="\ud800 Grüezi")), with_usage=False)

    texts = [json.loads(part.removeprefix(b"data: "))["choices"][0]["delta"].get("content") for part in parts[:-1]]
    assert "".join(text or "" for text in texts) == "\ud800 Grüezi"


def test_an_error_has_its_type_by_status() -> None:
    """Unless the script names one."""
    kinds = [fault_body(fault)["error"]["type"] for fault in (ErrorFault(status=429), ErrorFault(status=503), ErrorFault(type="x"))]

    assert kinds == ["invalid_request_error", "server_error", "x"]


def test_retry_after_may_be_a_fraction() -> None:
    """And is left out where the script says nothing."""
    assert fault_headers(ErrorFault(retry_after_s=0.25, headers={"x-a": "b"})) == {"retry-after": "0.25", "x-a": "b"}
    assert fault_headers(ErrorFault()) == {}
