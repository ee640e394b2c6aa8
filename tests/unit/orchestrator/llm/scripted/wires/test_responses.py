"""Answers in the form of OpenAI's Responses."""

from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.script import Reply, ScriptedCall, StreamStyle, TokenCounts
from orchestrator.llm.scripted.wires.responses import Responses
from tests.unit.orchestrator.llm.scripted.wires.said import TWO_CALLS, completion

WIRE = Responses()
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def happenings(reply: Reply) -> list[dict[str, Any]]:
    """What the events of a stream say."""
    return list(WIRE.happenings(completion(reply)))


def test_an_answer_is_what_the_sdk_reads() -> None:
    """Reasoning, then the message, then the calls, each with an id of its own and of the call."""
    answer = Response.model_validate(WIRE.body(completion(TWO_CALLS)))

    ids = [item.id or "" for item in answer.output]
    assert [item.type for item in answer.output] == ["reasoning", "message", "function_call", "function_call"]
    assert [identity.split("_")[0] for identity in ids] == ["rs", "msg", "fc", "fc"]
    assert len(set(ids)) == 4
    assert (answer.status, answer.output_text) == ("completed", "Wait.")


@pytest.mark.parametrize(
    "reply",
    [TWO_CALLS, Reply(content="Hello"), Reply(refusal="I will not."), Reply(content="Hel", finish_reason="length"), Reply()],
)
def test_a_stream_is_what_the_sdk_reads(reply: Reply) -> None:
    """Each event by its type and in its number, and the last holds the whole answer."""
    read = [EVENTS.validate_python({**each, "sequence_number": number}) for number, each in enumerate(happenings(reply))]

    assert [read[0].type, read[1].type] == ["response.created", "response.in_progress"]
    assert read[-1].type == ("response.incomplete" if reply.finish_reason else "response.completed")
    done = [each.item for each in read if each.type == "response.output_item.done"]
    assert done == read[-1].response.output


def test_the_fragments_are_the_whole() -> None:
    """Of arguments, of text and of reasoning."""
    said = happenings(TWO_CALLS)

    def joined(kind: str, index: int) -> str:
        return "".join(each["delta"] for each in said if each["type"] == f"response.{kind}.delta" and each["output_index"] == index)

    assert joined("reasoning_summary_text", 0) == "Hm, two."
    assert joined("output_text", 1) == "Wait."
    assert [joined("function_call_arguments", index) for index in (2, 3)] == ['{"city":"Tokyo"}', "{}"]


def test_the_index_may_be_odd() -> None:
    """Zero for all, as one gateway says it."""
    said = happenings(TWO_CALLS.model_copy(update={"stream": StreamStyle(index="zero")}))

    assert {each["output_index"] for each in said if "output_index" in each} == {0}


@pytest.mark.parametrize(("reason", "detail"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_may_be_incomplete(reason: str, detail: str) -> None:
    """In OpenAI's words for it."""
    answer = Response.model_validate(WIRE.body(completion(Reply(content="Hel", finish_reason=reason))))

    assert (answer.status, answer.incomplete_details and answer.incomplete_details.reason) == ("incomplete", detail)


def test_a_call_has_the_id_that_the_script_gives() -> None:
    """Also none; the item's own id is never the script's."""
    calls = (ScriptedCall(name="a", id="x"), ScriptedCall(name="a", id=None), ScriptedCall(name="a", arguments='{"cut', id=""))

    output = WIRE.body(completion(Reply(tool_calls=calls)))["output"]

    assert [(item["call_id"], item["arguments"]) for item in output] == [("x", "{}"), (None, "{}"), ("", '{"cut')]


def test_usage_has_its_details() -> None:
    """By OpenAI's other names."""
    tokens = TokenCounts(prompt_tokens=10, completion_tokens=6, cached_tokens=4, cache_write_tokens=3, reasoning_tokens=2)

    assert WIRE.body(completion(Reply(usage=tokens)))["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3},
        "output_tokens": 6,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 16,
    }


def test_an_error_in_a_stream_is_an_event() -> None:
    """Of type error, with the message in it."""
    sent = WIRE.error_event(ErrorFault(message="Busy.", code="server_error", after_events=3))

    assert sent.startswith(b"event: error\n")
    assert EVENTS.validate_json(sent.split(b"data: ")[1]).message == "Busy."


def test_a_request_in_items_is_one_of_messages() -> None:
    """What the model said in one turn is one message; tools that are not allowed are not offered."""
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"role": "assistant", "content": "Well."},
        {"type": "function_call", "call_id": "1", "name": "a", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "1", "output": [{"type": "input_text", "text": "one"}]},
    ]
    tools = [{"type": "function", "name": name} for name in ("a", "b")]
    choice = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "b"}]}

    read = WIRE.read({"model": "m", "instructions": "Be brief.", "input": items, "tools": tools, "tool_choice": choice}, {})

    assert [(each.role, each.text, len(each.calls)) for each in read.messages] == [
        ("system", "Be brief.", 0),
        ("user", "Hello", 0),
        ("assistant", "Well.", 1),
        ("tool", "one", 0),
    ]
    assert ([function.name for function in read.functions], read.tool_choice) == (["b"], "required")
