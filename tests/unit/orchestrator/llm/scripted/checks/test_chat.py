"""What OpenAI's chat completions refuse."""

from typing import Any

import pytest

from orchestrator.llm.scripted.checks.chat import check
from orchestrator.llm.scripted.refusal import RequestError

USER: dict[str, Any] = {"role": "user", "content": "Hello"}


def body(**fields: Any) -> dict[str, Any]:
    """A request with these fields."""
    return {"model": "scripted", "messages": [USER]} | fields


def tool(name: str) -> dict[str, Any]:
    """A tool of this name."""
    return {"type": "function", "function": {"name": name}}


def asking(*ids: str) -> dict[str, Any]:
    """An assistant message with a call for each id."""
    calls = [{"id": each, "type": "function", "function": {"name": "a", "arguments": "{}"}} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def answering(identity: str | None) -> dict[str, Any]:
    """The tool message for an id."""
    return {"role": "tool", "tool_call_id": identity, "content": "1"}


@pytest.mark.parametrize(
    ("sent", "message", "param", "code"),
    [
        ([], "Invalid body", None, "invalid_value"),
        ({"messages": [{"role": "user"}]}, "you must provide a model parameter", None, None),
        ({"model": "scripted"}, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter"),
        (body(messages=[]), "Invalid 'messages': empty array", "messages", "empty_array"),
        (body(messages=[{"role": "robot"}]), "Invalid value for 'messages\\[0\\].role'", "messages[0].role", "invalid_value"),
        (body(parallel_tool_calls=False), "only allowed when 'tools' are specified", "parallel_tool_calls", None),
        (body(model="o3-mini", tools=[tool("a")], parallel_tool_calls=True), "Unsupported", "parallel_tool_calls", "unsupported_parameter"),
        (body(tool_choice="auto"), "only allowed when 'tools' are specified", "tool_choice", None),
        (body(tools=[]), "Invalid 'tools': empty array", "tools", "empty_array"),
        (body(tools=[tool("a.b")]), "does not match pattern", "tools[0].function.name", "invalid_value"),
        (body(tools=[tool("a"), tool("b" * 65)]), "maximum length 64", "tools[1].function.name", "string_above_max_length"),
        (body(tools=[tool("a")], tool_choice=tool("b")), "Tool choice 'b' not found", "tool_choice", None),
        (body(stream_options={"include_usage": True}), "only allowed when 'stream' is enabled", "stream_options", None),
        (body(script={"replies": []}), "script.replies: Tuple should have", "script.replies", "invalid_script"),
        (body(n=2), "Invalid value for 'n'", "n", "invalid_value"),
    ],
)
def test_a_request_is_refused_as_the_provider_does(sent: Any, message: str, param: str | None, code: str | None) -> None:
    """Message, parameter and code are those of OpenAI's error object."""
    with pytest.raises(RequestError, match=message) as caught:
        check(sent)

    assert (caught.value.status, caught.value.param, caught.value.code) == (400, param, code)


@pytest.mark.parametrize(
    ("messages", "message", "param"),
    [
        ([USER, asking("1", "2"), answering("1"), USER], "did not have response messages: 2$", "messages.[3].role"),
        ([USER, asking("1", "2"), USER], "did not have response messages: 1, 2$", "messages.[2].role"),
        ([USER, asking("1")], "must be followed by tool messages responding to each 'tool_call_id'", "messages.[2].role"),
        ([USER, answering("1")], "must be a response to a preceeding message with 'tool_calls'", "messages.[1].role"),
        ([USER, asking("1"), answering("1"), answering("2")], "must be a response to a preceeding message", "messages.[3].role"),
        ([USER, asking("1"), answering("1"), answering("1")], "must be a response to a preceeding message", "messages.[3].role"),
        ([USER, asking("1"), answering(None)], "must have a 'tool_call_id'", "messages.[2].tool_call_id"),
    ],
)
def test_an_illegal_transcript_is_refused(messages: list[dict[str, Any]], message: str, param: str) -> None:
    """Each call is answered before anybody else speaks, and nothing else is answered."""
    with pytest.raises(RequestError, match=message) as caught:
        check(body(messages=messages))

    assert caught.value.param == param


@pytest.mark.parametrize(
    "messages",
    [
        [USER, asking("1", "2"), answering("2"), answering("1")],
        [USER, asking("1", "1"), answering("1")],
        [USER, asking("1", "1"), answering("1"), answering("1")],
        [USER, asking("1"), answering("1"), asking("1"), answering("1"), USER],
        [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, USER],
    ],
)
def test_a_legal_transcript_is_taken(messages: list[dict[str, Any]]) -> None:
    """The order of the answers is free, and ids may come again in a later turn."""
    assert len(check(body(messages=messages)).messages) == len(messages)


def test_names_in_the_transcript_are_checked_too() -> None:
    """A call of an unknown, badly named tool cannot be sent back as it came."""
    call = asking("1")
    call["tool_calls"][0]["function"]["name"] = "functions.a"

    with pytest.raises(RequestError, match="does not match pattern") as caught:
        check(body(messages=[USER, call, answering("1")]))

    assert caught.value.param == "messages[1].tool_calls[0].function.name"


def test_sampling_options_are_ignored() -> None:
    """They mean nothing to a script."""
    assert check(body(temperature=0.2, seed=7, metadata={"a": "b"})).model == "scripted"
