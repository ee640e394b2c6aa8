"""What is refused before Anthropic would refuse it."""

from typing import Any

import pytest

from orchestrator.llm.wires.messages.pairing import check
from orchestrator.transcript import IllegalTranscript

ASKED = {"role": "user", "content": [{"type": "text", "text": "Hi"}]}


def says(*content: Any) -> dict[str, Any]:
    """A turn of the assistant."""
    return {"role": "assistant", "content": list(content)}


def gives(*content: Any) -> dict[str, Any]:
    """A turn of the user."""
    return {"role": "user", "content": list(content)}


def use(call_id: str) -> dict[str, Any]:
    """A call."""
    return {"type": "tool_use", "id": call_id, "name": "x", "input": {}}


def result(call_id: str) -> dict[str, Any]:
    """Its result."""
    return {"type": "tool_result", "tool_use_id": call_id}


TEXT = {"type": "text", "text": "Hi"}


def test_a_turn_with_all_its_results_first_is_legal() -> None:
    """In any order, with text behind them."""
    check([ASKED, says(TEXT, use("a"), use("b")), gives(result("b"), result("a"), TEXT), says(TEXT)])


@pytest.mark.parametrize(
    ("turns", "path"),
    [
        pytest.param([], "messages", id="no-turn"),
        pytest.param([says(TEXT)], "messages.0.role", id="assistant-first"),
        pytest.param([ASKED, ASKED], "messages.1.role", id="twice-the-user"),
        pytest.param([ASKED, says()], "messages.1.content", id="empty-turn"),
        pytest.param([gives({"type": "text", "text": " "})], "messages.0.content.0.text", id="blank-text"),
        pytest.param([ASKED, says(use("a"))], "messages.1.content.0.id", id="no-result-at-the-end"),
        pytest.param([ASKED, says(use("a"), use("b")), gives(result("a"))], "messages.1.content.1.id", id="34-one-result-missing"),
        pytest.param([ASKED, says(use("a")), ASKED], "messages.1.content.0.id", id="38-no-result"),
        pytest.param([ASKED, says(use("a")), gives(TEXT, result("a"))], "messages.2.content.1", id="35-text-before-a-result"),
        pytest.param(
            [ASKED, says(use("a"), use("b")), gives(result("a")), says(TEXT), gives(result("b"))],
            "messages.1.content.1.id",
            id="31-two-turns",
        ),
        pytest.param([ASKED, says(use("a")), gives(result("a"), result("a"))], "messages.2.content.1.tool_use_id", id="result-twice"),
        pytest.param([gives(result("a"))], "messages.0.content.0.tool_use_id", id="37-result-without-a-call"),
        pytest.param([ASKED, says(use("a"), use("a")), gives(result("a"))], "messages.1.content.1.id", id="48-id-twice"),
    ],
)
def test_what_the_api_refuses_is_refused_with_its_place(turns: list[dict[str, Any]], path: str) -> None:
    """Before anything is sent."""
    with pytest.raises(IllegalTranscript) as caught:
        check(turns)
    assert caught.value.path == path
