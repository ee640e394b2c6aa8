"""Runs over HTTP through real processes: what a caller sees of parallel tool calls, turns and limits."""

import json
from pathlib import Path

import pytest
from httpx2 import codes

from orchestrator.llm.scripted import Reply, ScriptedCall, TokenCounts
from orchestrator.schemas.run import RunObject
from tests.acceptance import checks
from tests.acceptance.ledger import most_at_once
from tests.acceptance.local import PATIENCE_S, Local, asking
from tests.acceptance.waiting import until

_ANSWER = Reply(content="Here you are.")


def _nap(label: str, seconds: float = 0.0) -> ScriptedCall:
    return ScriptedCall.of("nap", label=label, seconds=seconds)


def _doze(label: str, seconds: float = 0.0) -> ScriptedCall:
    return ScriptedCall.of("doze", label=label, seconds=seconds)


def _wait(label: str, gate: Path) -> ScriptedCall:
    return ScriptedCall.of("wait", label=label, gate=str(gate))


def _wait_in_process(label: str, gate: Path) -> ScriptedCall:
    return ScriptedCall.of("wait_in_process", label=label, gate=str(gate))


def _pass_both_queues(local: Local) -> None:
    """What was in the queues before has been taken afterwards."""
    assert local.run(asking(_nap("x"), _doze("y")), _ANSWER, tools=["nap", "doze"]).status == "completed"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file whose coming ends the tools that wait for it."""
    return tmp_path / "gate"


def test_twelve_calls_of_two_workers_run_within_a_window_of_four(local: Local) -> None:
    """Each once, at most four at a time, answered in the order in which the model asked, and then the model is asked once."""
    calls = [call(str(number), 0.4) for number in range(6) for call in (_nap, _doze)]

    run = local.run(asking(*calls), _ANSWER, tools=["nap", "doze"], max_parallel_tool_calls=4)

    executions = local.executions(run.id)
    assert (run.status, run.output, len(run.turns)) == ("completed", "Here you are.", 2)
    assert [call.content for call in run.tool_calls] == [f"{name} {number}" for number in range(6) for name in ("nap", "doze")]
    assert {(call.status, call.attempt) for call in run.tool_calls} == {("succeeded", 1)}
    assert sorted(execution.began.call_id for execution in executions) == sorted(call.id for call in run.tool_calls)
    assert 1 < most_at_once(executions) <= 4
    assert {(call.name, call.queue, (call.worker or "").partition("@")[0]) for call in run.tool_calls} == {
        ("nap", "io", "io"),
        ("doze", "default", "default"),
    }
    checks.assert_model_saw_all(run, local.model_requests()[run.model])


def test_a_tool_is_told_its_calls_own_key(local: Local) -> None:
    """Run, turn and index: a key that is the same for each attempt and for no other call."""
    run = local.run(asking(_nap("a"), _doze("b")), asking(_nap("c")), _ANSWER, tools=["nap", "doze"])

    keys = {execution.began.arguments["label"]: execution.began.idempotency_key for execution in local.executions(run.id)}

    assert keys == {"a": f"{run.id}.1.0", "b": f"{run.id}.1.1", "c": f"{run.id}.2.0"}


def test_a_run_goes_on_for_as_many_turns_as_the_model_asks_for_tools(local: Local) -> None:
    """Every model call sees all that was said before, and the tokens are added up."""
    tokens = TokenCounts(prompt_tokens=10, completion_tokens=5)
    first = asking(_nap("a"), _doze("b"), content="Let me see.", usage=tokens)
    second = asking(_doze("c"), usage=tokens)

    run = local.run(first, second, Reply(content="Done.", usage=tokens), tools=["nap", "doze"])

    assert (run.status, run.output) == ("completed", "Done.")
    assert [(call.turn, call.index, call.content) for call in run.tool_calls] == [(1, 0, "nap a"), (1, 1, "doze b"), (2, 0, "doze c")]
    assert [turn.finish_reason for turn in run.turns] == ["tool_calls", "tool_calls", "stop"]
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (30, 15, 45)
    checks.assert_model_saw_all(run, local.model_requests()[run.model])


def test_without_a_tool_call_the_models_words_are_the_answer(local: Local) -> None:
    """One model call, no tool message."""
    run = local.run(Reply(content="Paris."), tools=["nap"])

    assert (run.status, run.output, len(run.turns), run.tool_calls) == ("completed", "Paris.", 1, [])
    assert [message["role"] for message in run.messages] == ["user", "assistant"]


def test_who_prefers_to_wait_gets_the_ended_run(local: Local) -> None:
    """In one request, with the answer's status and headers saying so."""
    model = local.model(asking(_nap("a")), _ANSWER)

    answer = local.post(model, ["nap"], wait_s=50)

    run = RunObject.model_validate_json(answer.content)
    assert (answer.status_code, answer.headers["preference-applied"], run.status) == (codes.OK, "wait=50", "completed")
    assert answer.headers["location"] == f"/v1/runs/{run.id}"


def test_a_run_that_takes_longer_than_the_wait_is_still_accepted(local: Local, gate: Path) -> None:
    """The caller reads it later, where Location says."""
    model = local.model(asking(_wait("a", gate)), _ANSWER)

    answer = local.post(model, ["wait"], wait_s=1)
    gate.touch()

    run = RunObject.model_validate_json(answer.content)
    assert (answer.status_code, run.output) == (codes.ACCEPTED, None)
    assert local.api.get(answer.headers["location"]).is_success
    assert local.ended(run.id).status == "completed"


def test_progress_shows_in_the_run_while_its_tools_work(local: Local, gate: Path) -> None:
    """From both pools."""
    calls = (_wait("a", gate), _wait_in_process("b", gate))
    started = local.start(asking(*calls), _ANSWER, tools=["wait", "wait_in_process"])

    def reported() -> RunObject | None:
        run = local.read(started.id)
        return run if run.tool_calls and all(call.progress for call in run.tool_calls) else None

    run = until(reported, local.stack.check, PATIENCE_S)
    gate.touch()

    assert [(call.status, call.progress) for call in run.tool_calls] == [("in_progress", {"message": "halfway", "fraction": 0.5})] * 2
    assert local.ended(run.id).status == "completed"


def test_a_run_ends_when_its_turns_are_used(local: Local) -> None:
    """The calls of its last reply are answered, but not made."""
    run = local.run(asking(_nap("a")), asking(_nap("b"), _doze("c")), tools=["nap", "doze"], max_turns=2)

    assert run.incomplete_details is not None
    assert (run.status, run.incomplete_details.reason, run.output) == ("incomplete", "max_turns", None)
    assert [(call.status, call.error.code if call.error else None) for call in run.tool_calls] == [
        ("succeeded", None),
        ("skipped", "max_turns"),
        ("skipped", "max_turns"),
    ]
    assert [execution.began.arguments["label"] for execution in local.executions(run.id)] == ["a"]


def test_a_run_ends_at_its_deadline_while_a_tool_works(local: Local, gate: Path) -> None:
    """What was answered by then is kept."""
    run = local.run(asking(_nap("a"), _wait("b", gate), _doze("c")), _ANSWER, tools=["nap", "wait", "doze"], deadline_s=5)

    assert run.incomplete_details is not None
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "deadline")
    assert [call.status for call in run.tool_calls] == ["succeeded", "timed_out", "succeeded"]


def test_cancelling_ends_a_run_at_once_and_starts_nothing_more(local: Local, gate: Path) -> None:
    """Running calls are answered `cancelled`, waiting ones never start, and cancelling again changes nothing."""
    calls = (_wait_in_process("a", gate), _wait("b", gate), _doze("c"), _nap("d"))
    tools = ["wait", "wait_in_process", "nap", "doze"]
    started = local.start(asking(*calls), _ANSWER, tools=tools, max_parallel_tool_calls=2)
    until(lambda: len(local.executions(started.id)) == 2 or None, local.stack.check, PATIENCE_S)

    cancelled = local.api.post(f"/v1/runs/{started.id}/cancel")
    gate.touch()
    until(lambda: all(execution.ended for execution in local.executions(started.id)) or None, local.stack.check, PATIENCE_S)
    _pass_both_queues(local)
    again = local.api.post(f"/v1/runs/{started.id}/cancel")

    run = local.ended(started.id)
    assert (cancelled.status_code, again.status_code) == (codes.OK, codes.OK)
    assert cancelled.json() == again.json()
    assert (run.status, {call.status for call in run.tool_calls}) == ("cancelled", {"cancelled"})
    assert sorted(str(execution.began.arguments["label"]) for execution in local.executions(run.id)) == ["a", "b"]


def test_a_metadata_label_finds_its_run(local: Local) -> None:
    """Over HTTP, as the caller wrote it."""
    run = local.run(_ANSWER, metadata={"customer": "c_42"})

    listed = local.api.get("/v1/runs", params={"metadata[customer]": "c_42"}).json()

    assert [found["id"] for found in listed["data"]] == [run.id]
    assert json.loads(local.api.get(f"/v1/runs/{run.id}").content)["metadata"] == {"customer": "c_42"}
