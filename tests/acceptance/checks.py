"""What holds for every run, however it went."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from pydantic import JsonValue

from orchestrator import transcript
from orchestrator.schemas.run import RunObject
from tests.acceptance.ledger import Execution


def assert_answered_in_order(run: RunObject) -> None:
    """Each call of an assistant message has exactly one tool message, in the calls' order, before anything else is said."""
    transcript.check(run.messages)
    said = [message for message in run.messages if message["role"] == "tool"]
    # The conversation may have begun with calls that are no longer this run's.
    assert [(message["tool_call_id"], message["content"]) for message in said[len(said) - len(run.tool_calls) :]] == [
        (call.tool_call_id, call.content) for call in run.tool_calls
    ]
    assert [call.id for call in run.tool_calls] == [f"{run.id}.{call.turn}.{call.index}" for call in run.tool_calls]
    assert all(call.outcome is not None and call.outcome.value == call.status for call in run.tool_calls)


def assert_fenced(run: RunObject, executions: Sequence[Execution]) -> None:
    """No attempt was executed twice, and every attempt of a call had the same key, its own."""
    times = Counter((execution.began.call_id, execution.began.attempt) for execution in executions)
    assert [attempt for attempt, count in times.items() if count > 1] == []
    assert {execution.began.idempotency_key for execution in executions} <= {call.id for call in run.tool_calls}
    assert all(execution.began.idempotency_key == execution.began.call_id for execution in executions)


def assert_model_saw_all(run: RunObject, requests: Sequence[list[JsonValue]]) -> None:
    """Each model call had all that was said before, results in order; a call that was tried again had the same."""
    assistants = [index for index, message in enumerate(run.messages) if message["role"] == "assistant"]
    wanted = [run.messages[:index] for index in assistants[-len(run.turns) :]]
    assert [request for request, _ in groupby(requests)] == wanted
