"""What OpenRouter refuses beside what OpenAI does."""

from typing import Any

import pytest

from orchestrator.llm.scripted.checks.openrouter import check
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.signatures import signature

USER: dict[str, Any] = {"role": "user", "content": "Hello"}
TOOLS: list[dict[str, Any]] = [{"type": "function", "function": {"name": "a"}}]
DETAIL: dict[str, Any] = {"type": "reasoning.text", "text": "Hm.", "signature": signature("Hm."), "index": 0}


def turn(identity: str, **fields: Any) -> list[dict[str, Any]]:
    """A call and its result."""
    call = {"id": identity, "type": "function", "function": {"name": "a", "arguments": "{}"}}
    return [{"role": "assistant", "tool_calls": [call], **fields}, {"role": "tool", "tool_call_id": identity, "content": "1"}]


def body(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request with these messages."""
    return {"model": "google/gemini", "messages": [USER, *messages], "tools": TOOLS} | fields


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (body(*turn("1"), tools=None), "`tools` must be included in every request"),
        (body(*turn("call_r1")), "must be passed back unmodified"),
        (body(*turn("1", reasoning_details=[DETAIL | {"text": "Ho."}])), "must be passed back unmodified"),
        (body(turn("1")[0]), "did not have response messages"),
    ],
)
def test_a_request_is_refused(sent: Any, message: str) -> None:
    """Without its tools, or with other reasoning than was given."""
    with pytest.raises(RequestError, match=message):
        check(sent)


@pytest.mark.parametrize(
    "messages",
    [
        turn("call_r1", reasoning_details=[DETAIL]),
        turn("call_r1", reasoning_details=[{"text": "H"}, {"text": "m."}, {"signature": signature("Hm.")}]),
        turn("1", reasoning_details=[{"type": "reasoning.encrypted", "data": "recorded"}]),
        [*turn("call_r1"), {"role": "assistant", "content": "So."}, USER],
    ],
)
def test_reasoning_as_it_was_given_is_taken(messages: list[dict[str, Any]]) -> None:
    """Whole or in the pieces of a stream; once the user has spoken again, it may be left out."""
    assert check(body(*messages)).tools
