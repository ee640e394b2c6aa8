"""What OpenAI's Responses refuse."""

from typing import Any

import pytest

from orchestrator.llm.scripted.checks.responses import check
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.signatures import signature

USER: dict[str, Any] = {"role": "user", "content": "Hello"}
SAID: dict[str, Any] = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Well."}]}
TOOL: dict[str, Any] = {"type": "function", "name": "a", "parameters": {}}
UNIQUE = "0123456789abcdef" * 2


def body(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request with these items."""
    return {"model": "gpt", "input": list(items) or [USER]} | fields


def call(call_id: str, **fields: Any) -> dict[str, Any]:
    """A call."""
    return {"type": "function_call", "call_id": call_id, "name": "a", "arguments": "{}"} | fields


def output(call_id: str) -> dict[str, Any]:
    """Its output."""
    return {"type": "function_call_output", "call_id": call_id, "output": "1"}


def reasoning(identity: str = f"rs_{UNIQUE}", **fields: Any) -> dict[str, Any]:
    """What was thought."""
    return {"type": "reasoning", "id": identity, "summary": [], **fields}


@pytest.mark.parametrize(
    ("sent", "message", "param"),
    [
        ({"input": "Hello"}, "you must provide a model parameter", None),
        ({"model": "gpt"}, "Missing required parameter: 'input'.", "input"),
        (body(input=[]), "empty array", "input"),
        (body(parallel_tool_calls=True), "only allowed when 'tools' are specified", "parallel_tool_calls"),
        (body(model="o4-mini", tools=[TOOL], parallel_tool_calls=False), "Unsupported parameter", "parallel_tool_calls"),
        (body(tool_choice="required"), "require 'tools'", "tool_choice"),
        (body(tools=[TOOL], tool_choice={"type": "function", "name": "b"}), "Tool choice 'b' not found", "tool_choice"),
        (body(tools=[{"type": "function"}]), "Missing required parameter", "tools[0].name"),
        (body(tools=[TOOL | {"name": "a.b"}]), "does not match pattern", "tools[0].name"),
        (body(call("1", name="a.b"), output("1")), "does not match pattern", "input[0].name"),
        (body({"type": "function_call", "name": "a", "arguments": "{}"}), "Missing required parameter", "input[0].call_id"),
        (body({"content": "Hello"}), "Missing required parameter", "input[0].role"),
    ],
)
def test_a_request_is_refused_as_the_provider_does(sent: Any, message: str, param: str | None) -> None:
    """Where its form or its options are wrong."""
    with pytest.raises(RequestError, match=message) as caught:
        check(sent)

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([call("1"), call("2"), output("1")], "No tool output found for function call 2"),
        ([call("1"), USER, output("1")], "No tool output found for function call 1"),
        ([call("1"), SAID, call("2"), output("1"), output("2")], "No tool output found for function call 1"),
        ([call("1"), call("2"), output("1"), call("3"), output("2"), output("3")], "No tool output found for function call 2"),
        ([output("1")], "No tool call found for function call output with call_id 1"),
        ([call("1"), output("1"), output("1")], "No tool call found for function call output with call_id 1"),
        ([call("1", id="fc_1"), output("1"), call("2", id="fc_1"), output("2")], "Duplicate item found with id fc_1"),
        ([reasoning()], "of type 'reasoning' was provided without its required following item"),
        ([reasoning(), SAID], "was provided without its required following item"),
        ([reasoning(), USER], "was provided without its required following item"),
        ([call("1", id=f"fc_r{UNIQUE}0000"), output("1")], f"without its required 'reasoning' item: 'rs_{UNIQUE}'"),
        ([reasoning(encrypted_content=signature("rs_other")), call("1", id="fc_1"), output("1")], "could not be verified"),
    ],
)
def test_an_illegal_transcript_is_refused(items: list[dict[str, Any]], message: str) -> None:
    """Each call has its output before anybody else speaks, and reasoning its item."""
    with pytest.raises(RequestError, match=message):
        check(body(USER, *items))


@pytest.mark.parametrize(
    "items",
    [
        [SAID, call("1"), call("2"), output("2"), output("1")],
        [call("1"), output("1"), call("1"), output("1")],
        [reasoning("rs_1"), call("1", id="fc_1"), reasoning("rs_2"), call("2", id="fc_2"), output("1"), output("2")],
        [reasoning(encrypted_content=signature(f"rs_{UNIQUE}")), call("1", id=f"fc_r{UNIQUE}0000"), output("1")],
        [reasoning(encrypted_content="recorded"), SAID | {"id": "msg_1"}],
        [call("1", **{"async": True}), USER, output("1")],
        [{"type": "web_search_call", "id": "ws_1"}, SAID],
    ],
)
def test_a_legal_transcript_is_taken(items: list[dict[str, Any]]) -> None:
    """Outputs come in any order, and what is called asynchronously is answered later."""
    assert len(check(body(USER, *items)).items) == len(items) + 1


def test_a_stored_response_holds_the_calls_of_the_first_outputs() -> None:
    """But the scripted model stores none."""
    sent = body(output("1"), output("2"), USER, previous_response_id="resp_1")

    assert check(sent).previous_response_id == "resp_1"
    with pytest.raises(RequestError, match="not found") as caught:
        check(sent, own=True)
    assert caught.value.code == "previous_response_not_found"
    with pytest.raises(RequestError, match="No tool call found"):
        check(body(USER, output("1"), previous_response_id="resp_1"))
