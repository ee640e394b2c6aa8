"""Answers in the form of Anthropic's Messages."""

from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent, ThinkingBlock, ToolUseBlock
from pydantic import TypeAdapter

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.script import Reply, ScriptedCall, StreamStyle, TokenCounts
from orchestrator.llm.scripted.signatures import signs
from orchestrator.llm.scripted.wires.messages import Messages
from tests.unit.orchestrator.llm.scripted.wires.said import TWO_CALLS, completion

WIRE = Messages()
EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def happenings(reply: Reply) -> list[dict[str, Any]]:
    """What the events of a stream say."""
    return list(WIRE.happenings(completion(reply)))


def test_an_answer_is_what_the_sdk_reads() -> None:
    """Thinking with its signature, then text, then the calls."""
    answer = Message.model_validate(WIRE.body(completion(TWO_CALLS)))

    thinking, text, first, second = answer.content
    assert isinstance(thinking, ThinkingBlock)
    assert signs(thinking.signature, "Hm, two.")
    assert isinstance(first, ToolUseBlock)
    assert isinstance(second, ToolUseBlock)
    assert (first.input, second.input, first.id.startswith("toolu_"), first.id == second.id) == ({"city": "Tokyo"}, {}, True, False)
    assert (text.type, answer.stop_reason) == ("text", "tool_use")


@pytest.mark.parametrize("reply", [TWO_CALLS, Reply(content="Hello"), Reply(refusal="I will not."), Reply()])
def test_a_stream_is_what_the_sdk_reads(reply: Reply) -> None:
    """Each event by its type; it ends as the whole answer does."""
    said = happenings(reply)
    kinds = [EVENTS.validate_python(each).type for each in said if each["type"] != "ping"]

    body = WIRE.body(completion(reply))
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert said[-2]["delta"]["stop_reason"] == body["stop_reason"]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == len(body["content"])


def test_arguments_begin_with_an_empty_fragment() -> None:
    """Blocks are counted from the first, whatever it holds."""
    said = [each for each in happenings(TWO_CALLS) if each.get("delta", {}).get("type") == "input_json_delta"]

    parts = {index: [each["delta"]["partial_json"] for each in said if each["index"] == index] for index in (2, 3)}
    assert (parts[2][0], "".join(parts[2])) == ("", '{"city":"Tokyo"}')
    assert "".join(parts[3]) == "{}"


def test_a_signature_comes_after_what_it_signs() -> None:
    """In a delta of its own."""
    said = [each["delta"] for each in happenings(TWO_CALLS) if each.get("index") == 0 and "delta" in each]

    assert "".join(each.get("thinking", "") for each in said) == "Hm, two."
    assert said[-1]["type"] == "signature_delta"
    assert signs(said[-1]["signature"], "Hm, two.")


def test_the_index_may_be_odd() -> None:
    """Zero for all, as one library made it."""
    said = happenings(TWO_CALLS.model_copy(update={"stream": StreamStyle(index="zero")}))

    assert {each["index"] for each in said if "index" in each} == {0}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(content="Hel", finish_reason="length"), "max_tokens"),
        (Reply(content="Hel", finish_reason="pause_turn"), "pause_turn"),
        (Reply(finish_reason="content_filter"), "refusal"),
        (Reply(refusal="I will not."), "refusal"),
    ],
)
def test_it_stops_for_anthropics_reasons(reply: Reply, reason: str) -> None:
    """Those that only Anthropic has are said as they stand."""
    answer = Message.model_validate(WIRE.body(completion(reply)))

    assert answer.stop_reason == reason
    assert (answer.stop_details and answer.stop_details.explanation) == reply.refusal


def test_malformed_arguments_stay_text() -> None:
    """In a stream they are cut where the script cut them."""
    reply = Reply(tool_calls=(ScriptedCall(name="a", arguments='{"city": "Tok', id="same"), ScriptedCall(name="a", arguments='{"b":1}')))

    blocks = WIRE.body(completion(reply))["content"]
    streamed = "".join(each["delta"]["partial_json"] for each in happenings(reply) if each.get("index") == 0 and "delta" in each)

    assert [block["input"] for block in blocks] == ['{"city": "Tok', {"b": 1}]
    assert (blocks[0]["id"], streamed) == ("same", '{"city": "Tok')


def test_cached_tokens_are_counted_apart() -> None:
    """The input tokens are the rest."""
    tokens = TokenCounts(prompt_tokens=10, completion_tokens=6, cached_tokens=4, cache_write_tokens=3, reasoning_tokens=2)

    usage = WIRE.body(completion(Reply(usage=tokens)))["usage"]

    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]) == (3, 4, 3)
    assert (usage["output_tokens"], usage["output_tokens_details"]) == (6, {"thinking_tokens": 2})


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(ErrorFault(status=529), "overloaded_error"), (ErrorFault(status=418), "api_error"), (ErrorFault(status=400, type="x"), "x")],
)
def test_an_error_has_its_type_by_status(fault: ErrorFault, kind: str) -> None:
    """Unless the script names one."""
    assert WIRE.error(fault)["error"]["type"] == kind
    assert WIRE.error_event(fault).startswith(b'event: error\ndata: {"type":"error"')


def test_results_are_tool_messages() -> None:
    """What else the user's message says follows them; one call at a time is what the planner knows as not parallel."""
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "a", "input": {"b": 1}}]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "one"}]},
                {"type": "text", "text": "And?"},
            ],
        },
    ]
    choice = {"type": "any", "disable_parallel_tool_use": True}
    tools = [{"name": "a", "input_schema": {"type": "object"}}]

    read = WIRE.read(
        {"model": "m", "max_tokens": 1, "system": "Be brief.", "messages": messages, "tools": tools, "tool_choice": choice}, {}
    )

    assert [(each.role, each.text) for each in read.messages] == [
        ("system", "Be brief."),
        ("user", "Hello"),
        ("assistant", ""),
        ("tool", "one"),
        ("user", "And?"),
    ]
    assert read.messages[2].calls[0].function.arguments == '{"b": 1}'
    assert (read.tool_choice, read.parallel_tool_calls) == ("required", False)
