"""Rows as they are answered."""

from datetime import UTC, datetime

import pytest

from orchestrator.api.render import run_object, run_summary, tool_object
from orchestrator.llm.model import TOKEN_COUNTS
from orchestrator.runs import RunView
from orchestrator.tables import Run, ToolCall, ToolVersion, Turn
from tasks.messages import ToolSpec

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_ID = "run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"

_TOKENS = dict.fromkeys(TOKEN_COUNTS, 0) | {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def _run(status: str = "completed") -> Run:
    return Run(
        id=_ID,
        status=status,
        model="m",
        messages=[{"role": "user", "content": "Hello."}],
        tools={"get_weather": "h1"},
        options={"tool_choice": "auto", "parallel_tool_calls": True, "seed": 7},
        labels={"a": "b"},
        max_turns=10,
        max_parallel_tool_calls=8,
        max_repairs=1,
        repairs=0,
        stream=False,
        fail_fast=False,
        **_TOKENS,
        created_at=_NOW,
        deadline_at=_NOW,
    )


def _turn(turn: int, content: str | None) -> Turn:
    return Turn(
        run_id=_ID,
        turn=turn,
        content=content,
        provider="openai",
        model="m-1",
        **_TOKENS,
        latency_ms=5,
        finished_at=_NOW,
    )


def _call(status: str) -> ToolCall:
    return ToolCall(
        run_id=_ID,
        turn=1,
        call_index=0,
        tool_call_id="call_1",
        name="get_weather",
        arguments="{}",
        status=status,
        execute=True,
        attempt=2,
        max_attempts=3,
        truncated=False,
        content=None if status in {"queued", "in_progress"} else '{"error":{}}',
        error={"code": "boom", "message": "It broke."} if status == "failed" else None,
        created_at=_NOW,
    )


def test_a_run_is_told_with_all_that_happened() -> None:
    """Options have their names again, times are UTC with a Z, and the transcript is whole."""
    view = RunView(_run(), [_turn(1, None), _turn(2, "Sunny.")], [_call("failed")])

    told = run_object(view).model_dump(mode="json")

    assert (told["object"], told["id"], told["created_at"]) == ("run", _ID, "2026-11-20T12:00:00Z")
    assert (told["tools"], told["tool_choice"], told["parallel_tool_calls"], told["metadata"]) == (
        ["get_weather"],
        "auto",
        True,
        {"a": "b"},
    )
    assert [message["role"] for message in told["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert (told["output"], told["usage"]["total_tokens"], len(told["turns"])) == ("Sunny.", 3, 2)


def test_a_call_is_told_by_our_name() -> None:
    """Its id is the run, the turn and the place; its error is the one that the model read."""
    call = run_object(RunView(_run(), [_turn(1, None)], [_call("failed")])).tool_calls[0]

    assert (call.id, call.index, call.status, call.outcome, call.attempt) == (f"{_ID}.1.0", 0, "failed", "failed", 2)
    assert call.error is not None
    assert (call.error.code, call.content) == ("boom", '{"error":{}}')


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_open_call_has_no_outcome(status: str) -> None:
    """How a call ends is not told before it has."""
    call = run_object(RunView(_run("in_progress"), [_turn(1, None)], [_call(status)])).tool_calls[0]

    assert (call.status, call.outcome, call.content) == (status, None, None)


@pytest.mark.parametrize(
    ("status", "content", "output"),
    [("completed", "Sunny.", "Sunny."), ("incomplete", "Sun", "Sun"), ("failed", "Sunny.", None), ("in_progress", "Sunny.", None)],
)
def test_the_output_is_the_final_answer(status: str, content: str, output: str | None) -> None:
    """A run that was cut short gives what there is; one that failed or goes on gives nothing."""
    assert run_object(RunView(_run(status), [_turn(1, content)], [])).output == output


def test_words_beside_a_tool_call_are_no_output() -> None:
    """A run that ended while its model asked for tools has no final answer."""
    assert run_object(RunView(_run("incomplete"), [_turn(1, "Let me see.")], [_call("skipped")])).output is None


def test_the_end_of_a_run_is_explained() -> None:
    """Why it is incomplete, or what failed."""
    incomplete, failed = _run("incomplete"), _run("failed")
    incomplete.incomplete_reason = "max_turns"
    failed.error = {"code": "rate_limited", "message": "Later.", "provider": "azure", "request_id": "req_1"}

    assert run_summary(incomplete).model_dump()["incomplete_details"] == {"reason": "max_turns"}
    assert run_summary(failed).model_dump()["error"] == {
        "code": "rate_limited",
        "message": "Later.",
        "provider": "azure",
        "request_id": "req_1",
    }


def test_a_tool_is_told_as_it_was_announced() -> None:
    """The strict form of its schema is told by a word only."""
    spec = ToolSpec(
        name="get_weather",
        description="Weather.",
        parameters={"type": "object"},
        strict_parameters={"type": "object"},
        queue="io",
        timeout_s=30,
        idempotent=True,
        retries=2,
        max_result_bytes=1000,
        tags=("demo",),
        schema_hash="h1",
    )
    version = ToolVersion(name=spec.name, schema_hash="h1", spec=spec.model_dump(mode="json"), workers=2, last_seen_at=_NOW)

    told = tool_object(version, live=True).model_dump(mode="json")

    assert told == {
        "object": "tool",
        "name": "get_weather",
        "description": "Weather.",
        "parameters": {"type": "object"},
        "strict": True,
        "queue": "io",
        "timeout_s": 30,
        "idempotent": True,
        "retries": 2,
        "max_result_bytes": 1000,
        "tags": ["demo"],
        "schema_hash": "h1",
        "workers": 2,
        "live": True,
        "last_seen_at": "2026-11-20T12:00:00Z",
    }
