"""Tools that fail, hang, die or return odd things: each becomes the answer of its own call, and its siblings live."""

import json
from typing import Any

import pytest

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.schemas.run import RunObject, ToolCallObject
from tests.acceptance import checks
from tests.acceptance.local import Local, asking

_ANSWER = Reply(content="I see.")
_WAYS = {
    "error": "tool_error",
    "tool_failed": "tool_failed",
    "input_error": "tool_input_error",
    "exit": "tool_error",
    "interrupt": "tool_error",
    "cancelled": "tool_error",
    "base": "tool_error",
}
_SIBLINGS = (ScriptedCall.of("nap", label="sibling", seconds=0.1), ScriptedCall.of("doze", label="sibling", seconds=0.1))
#: What `give` returns, as its tool message.
_WRITTEN = {
    "text": "grüße",
    "utf8": "grüße",
    "bytes": '{"base64":"//4="}',
    "nan": '{"value":"NaN","bound":"-Infinity"}',
    "nul": '{"a\N{REPLACEMENT CHARACTER}b":"c\N{REPLACEMENT CHARACTER}d"}',
    "surrogate": "\N{REPLACEMENT CHARACTER}",
    "decimal": '{"price":0.10}',
    "datetime": '"2026-01-02T03:04:05Z"',
    "set": "[1]",
    "none": "null",
}


def _run(local: Local, *calls: ScriptedCall, **fields: Any) -> tuple[RunObject, list[ToolCallObject]]:
    """A run of these calls and of two siblings that do nothing wrong, and its calls without the siblings."""
    tools = sorted({call.name for call in (*calls, *_SIBLINGS)})
    run = local.run(asking(_SIBLINGS[0], *calls, _SIBLINGS[1]), _ANSWER, tools=tools, **fields)
    first, *middle, last = run.tool_calls
    assert (run.status, run.output) == ("completed", "I see.")
    assert [(call.status, call.content) for call in (first, last)] == [("succeeded", "nap sibling"), ("succeeded", "doze sibling")]
    checks.assert_model_saw_all(run, local.model_requests()[run.model])
    return run, middle


def _code(call: ToolCallObject) -> str:
    """The code of the error that the model reads."""
    return str(json.loads(call.content or "")["error"]["code"])


@pytest.mark.parametrize("tool", ["fail", "fail_in_process"])
def test_a_tool_that_raises_is_told_to_the_model(local: Local, tool: str) -> None:
    """Whatever it raises, SystemExit included; the words of its own errors only."""
    _, calls = _run(local, *(ScriptedCall.of(tool, way=way) for way in _WAYS))

    assert [(call.status, _code(call)) for call in calls] == [("failed", code) for code in _WAYS.values()]
    assert ["no luck" in (call.content or "") for call in calls] == [code != "tool_error" for code in _WAYS.values()]
    assert {call.attempt for call in calls} == {1}


def test_a_worker_goes_on_after_any_failure(local: Local) -> None:
    """A tool that exits must not take down what runs the next one."""
    _run(local, *(ScriptedCall.of(tool, way=way) for tool in ("fail", "fail_in_process") for way in ("exit", "interrupt")))

    run, calls = _run(local, ScriptedCall.of("ping"))

    assert [(call.status, call.content) for call in calls] == [("succeeded", "pong")]
    assert {call.attempt for call in run.tool_calls} == {1}


def test_a_tool_that_takes_too_long_is_stopped(local: Local) -> None:
    """On the event loop by its cancellation, in a process by an alarm; where it does not listen, the loop goes on without
    it and the process is killed."""
    tools = ("short_nap", "short_doze", "stubborn_nap", "stubborn_doze")

    run, calls = _run(local, *(ScriptedCall.of(tool, seconds=20) for tool in tools))

    assert [(call.name, call.status, _code(call), call.attempt) for call in calls] == [
        (tool, "timed_out", "timed_out", 1) for tool in tools
    ]
    assert {found.began.tool for found in local.executions(run.id) if found.ended is None} == {"stubborn_nap", "stubborn_doze"}


@pytest.mark.parametrize("tool", ["die", "leave"])
def test_a_tool_that_ends_its_process_is_lost_and_not_tried_again(local: Local, tool: str) -> None:
    """Nobody can tell whether it took effect, so the model is told just that; by the pool, which saw the process die, and not
    only when the lease ends."""
    run, calls = _run(local, ScriptedCall.of(tool))

    assert [(call.status, _code(call), call.attempt) for call in calls] == [("lost", "outcome_unknown", 1)]
    assert "The worker process died" in (calls[0].content or "")
    assert [found.began.attempt for found in local.executions(run.id) if found.began.tool == tool] == [1]


def test_an_idempotent_tool_that_kills_its_process_is_tried_again(local: Local) -> None:
    """Under the same key."""
    run, calls = _run(local, ScriptedCall.of("die_once"))

    deaths = [found for found in local.executions(run.id) if found.began.tool == "die_once"]
    assert [(call.status, call.content, call.attempt) for call in calls] == [("succeeded", "attempt 2", 2)]
    assert [(found.began.attempt, found.ended is not None) for found in deaths] == [(1, False), (2, True)]
    assert len({found.began.idempotency_key for found in deaths}) == 1


def test_calls_that_wait_behind_a_dying_one_are_made(local: Local) -> None:
    """A place in the window is not lost with the process that held it."""
    calls = [ScriptedCall.of("die"), *(ScriptedCall.of("doze", label=str(number), seconds=0) for number in range(4))]

    run, middle = _run(local, *calls, max_parallel_tool_calls=1)

    assert [call.status for call in middle] == ["lost", *["succeeded"] * 4]
    assert [call.content for call in middle[1:]] == [f"doze {number}" for number in range(4)]
    assert len(local.executions(run.id)) == len(run.tool_calls)


def test_a_tool_is_tried_again_when_it_asks_for_it(local: Local) -> None:
    """As often as it may be, and the attempts are counted."""
    run, calls = _run(local, ScriptedCall.of("flaky", failures=2), ScriptedCall.of("flaky", failures=9))

    enough, too_few = calls
    assert (enough.status, enough.content, enough.attempt, enough.max_attempts) == ("succeeded", "attempt 3", 3, 3)
    assert (too_few.status, _code(too_few), too_few.attempt) == ("failed", "retry_wanted", 3)
    attempts = [(found.began.call_id, found.began.attempt) for found in local.executions(run.id) if found.began.tool == "flaky"]
    assert sorted(attempts) == [(call.id, attempt) for call in calls for attempt in (1, 2, 3)]


@pytest.mark.parametrize("tool", ["give", "give_from_process"])
def test_whatever_a_tool_returns_becomes_text_or_an_error(local: Local, tool: str) -> None:
    """Text that Postgres, JSON and the model can hold; what cannot be written or is too long is said to be so."""
    _, calls = _run(local, *(ScriptedCall.of(tool, kind=kind) for kind in (*_WRITTEN, "huge", "cycle", "object")))

    *written, huge, cycle, strange = calls
    assert [(call.status, call.content, call.truncated) for call in written] == [
        ("succeeded", content, False) for content in _WRITTEN.values()
    ]
    assert (huge.status, huge.truncated, len(huge.content or "")) == ("succeeded", True, 64 * 1024)
    assert [(call.status, _code(call)) for call in (cycle, strange)] == [("failed", "unserialisable_result")] * 2
