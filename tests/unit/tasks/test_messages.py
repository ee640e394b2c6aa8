"""Wire values: frozen, encoded and decoded without loss, tolerant of a newer sender's fields."""

import json

import pytest
from pydantic import ValidationError

from tasks.messages import CallMessage, CallOutcome, Grant, Outcome, ToolResult

_CALL = CallMessage(run_id="run_1", turn=1, index=2, attempt=3, tool="get_weather")


def test_a_message_comes_back_as_it_was() -> None:
    """Encoding and decoding lose nothing."""
    grant = Grant(call=_CALL, queue="io", schema_hash="h", arguments='{"a": "\\u0000"}', timeout_s=1.5, deadline_s=60)
    outcome = CallOutcome.of_error(Outcome.FAILED, "tool_error", 'says "no"\n', retry_in_s=2)
    result = ToolResult(call=_CALL, result=outcome, worker="w", queue_wait_ms=1, run_ms=2)

    assert Grant.decode(grant.encode()) == grant
    assert ToolResult.decode(result.encode()) == result


def test_a_newer_senders_fields_are_ignored() -> None:
    """Within one version a sender may add fields."""
    assert CallMessage.model_validate(_CALL.kwargs() | {"new": True}) == _CALL


def test_a_message_cannot_be_changed() -> None:
    """What crosses processes is a value."""
    with pytest.raises(ValidationError):
        _CALL.turn = 2  # pyright: ignore[reportAttributeAccessIssue] - this is what must not work


def test_an_error_reads_as_one_json_object() -> None:
    """The model gets `{"error": {"code", "message"}}`, whatever the message holds."""
    outcome = CallOutcome.of_error(Outcome.DENIED, "refusal", 'a "quoted" \\ word')

    assert json.loads(outcome.content) == {"error": {"code": "refusal", "message": 'a "quoted" \\ word'}}


def test_all_attempts_of_a_call_have_one_idempotency_key() -> None:
    """The key names the call and not the attempt, and no other call has it."""
    grant = Grant(call=_CALL, queue="io", schema_hash="h", arguments="{}", timeout_s=1, deadline_s=60)
    second = grant.model_copy(update={"call": _CALL.model_copy(update={"attempt": 4})})
    sibling = grant.model_copy(update={"call": _CALL.model_copy(update={"index": 0})})

    assert grant.idempotency_key == second.idempotency_key != sibling.idempotency_key
