"""What Anthropic's Messages refuse."""

from typing import Any

import pytest

from orchestrator.llm.scripted.checks.messages import check
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.signatures import signature

USER: dict[str, Any] = {"role": "user", "content": "Hello"}
TEXT: dict[str, Any] = {"type": "text", "text": "And?"}
TOOL: dict[str, Any] = {"name": "a", "input_schema": {"type": "object"}}
THINKING: dict[str, Any] = {"type": "enabled", "budget_tokens": 1024}


def body(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request with these messages."""
    return {"model": "claude", "max_tokens": 2000, "messages": list(messages) or [USER]} | fields


def thought(text: str = "Hm.", given: str | None = None) -> dict[str, Any]:
    """A thinking block as the scripted model gives it, or with another signature."""
    return {"type": "thinking", "thinking": text, "signature": given or signature(text)}


def asking(*ids: str, first: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """An assistant message with a call for each id."""
    calls: list[dict[str, Any]] = [{"type": "tool_use", "id": each, "name": "a", "input": {}} for each in ids]
    return {"role": "assistant", "content": [*first, *calls]}


def result(identity: str) -> dict[str, Any]:
    """The result of one call."""
    return {"type": "tool_result", "tool_use_id": identity, "content": "1", "is_error": True}


def answering(*ids: str, then: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """A user message with a result for each id."""
    return {"role": "user", "content": [*map(result, ids), *then]}


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"model": "claude", "messages": [USER]}, "^max_tokens: Field required$"),
        (body(messages=[]), "^messages: at least one message is required$"),
        (body({"role": "tool", "content": "1"}), r"^messages\.0\.role: Input should be"),
        (body({"role": "assistant", "content": "Hi"}), 'first message must use the "user" role'),
        (body({"role": "user", "content": []}), "must have non-empty content"),
        (body({"role": "user", "content": ""}), "text content blocks must be non-empty"),
        (body(parallel_tool_calls=True), "^parallel_tool_calls: Extra inputs are not permitted$"),
        (body(tools=[TOOL | {"name": "a.b"}]), r"^tools\.0\.custom\.name: String should match pattern"),
        (body(tools=[TOOL, TOOL]), "Tool names must be unique"),
        (body(tools=[{"name": "a"}]), r"^tools\.0\.custom\.input_schema: Field required$"),
        (body(tool_choice={"type": "auto"}), "may only be specified while providing `tools`"),
        (body(tools=[TOOL], tool_choice={"type": "tool", "name": "b"}), "Tool 'b' not found"),
        (body(tools=[TOOL], tool_choice={"type": "none", "disable_parallel_tool_use": True}), "Extra inputs are not permitted"),
        (body(tools=[TOOL], tool_choice={"type": "any"}, thinking=THINKING), "Thinking may not be enabled when tool_choice forces"),
        (body(thinking={"type": "enabled", "budget_tokens": 2000}), "`max_tokens` must be greater than"),
        (body(thinking={"type": "enabled", "budget_tokens": 1}), "greater than or equal to 1024"),
        (body(script={"replies": []}), "script.replies"),
    ],
)
def test_a_request_is_refused_as_the_provider_does(sent: Any, message: str) -> None:
    """Where its form or its options are wrong."""
    with pytest.raises(RequestError, match=message):
        check(sent)


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([USER, asking("1", "2"), answering("1")], r"^messages\.1: `tool_use` ids were found without `tool_result` blocks .* after: 2\."),
        ([USER, asking("1", "2"), answering("1"), answering("2")], "without `tool_result` blocks immediately after: 2"),
        ([USER, asking("1"), USER, answering("1")], "without `tool_result` blocks immediately after: 1"),
        ([USER, asking("1")], "without `tool_result` blocks immediately after: 1"),
        ([USER, asking("1"), {"role": "user", "content": [TEXT, result("1")]}], "without `tool_result` blocks immediately after: 1"),
        ([USER, answering("1")], r"^messages\.1\.content\.0: unexpected `tool_use_id` found in `tool_result` blocks: 1\."),
        ([USER, asking("1"), answering("1", "1")], "each tool_use must have a single result"),
        ([USER, asking("1", "1"), answering("1")], "`tool_use` ids must be unique"),
        ([USER, asking("a b"), answering("a b")], "tool_use.id: String should match pattern"),
        ([USER, {"role": "user", "content": asking("1")["content"]}, answering("1")], "can only be in `assistant` messages"),
        ([USER, asking("1"), {"role": "assistant", "content": [result("1")]}], "can only be in `user` messages"),
    ],
)
def test_an_illegal_transcript_is_refused(messages: list[dict[str, Any]], message: str) -> None:
    """All results of a turn begin the one next message."""
    with pytest.raises(RequestError, match=message):
        check(body(*messages))


@pytest.mark.parametrize(
    "messages",
    [
        [USER, asking("1", "2"), answering("2", "1")],
        [USER, asking("1"), answering("1", then=(TEXT,))],
        [USER, asking("1", first=(thought(), TEXT)), answering("1")],
        [USER, asking("1", first=(thought(given="recorded"),)), answering("1")],
        [USER, asking("toolu_r1"), answering("toolu_r1"), {"role": "assistant", "content": "So."}, USER],
        [USER, {"role": "assistant", "content": "The answer is"}],
    ],
)
def test_a_legal_transcript_is_taken(messages: list[dict[str, Any]]) -> None:
    """Text may follow the results, and thinking of an earlier turn may be left out."""
    assert len(check(body(*messages)).messages) == len(messages)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (thought("Other.", signature("Hm.")), "blocks in the latest assistant message cannot be modified"),
        (thought(given="c2lnbmVkIGJ5IGFub3RoZXI="), "Invalid `signature` in `thinking` block"),
    ],
)
def test_thinking_comes_back_as_it_was_given(block: dict[str, Any], message: str) -> None:
    """The scripted model knows its own signatures, and takes no others."""
    with pytest.raises(RequestError, match=message):
        check(body(USER, asking("1", first=(block,)), answering("1")), own=True)


def test_thinking_that_was_given_with_a_call_is_not_left_out() -> None:
    """The scripted model's ids show that there was some; where thinking is enabled, there must be some in any case."""
    with pytest.raises(RequestError, match="cannot be modified"):
        check(body(USER, asking("toolu_r1"), answering("toolu_r1")))
    with pytest.raises(RequestError, match="Expected `thinking` or `redacted_thinking`, but found `tool_use`"):
        check(body(USER, asking("1"), answering("1"), thinking=THINKING))


def test_the_model_may_stand_in_the_path() -> None:
    """As on Bedrock, but not where the scripted model is asked."""
    sent = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": [USER]}

    assert check(sent).model == ""
    with pytest.raises(RequestError, match="model: Field required"):
        check(sent, own=True)
