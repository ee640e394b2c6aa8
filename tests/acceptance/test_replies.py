"""Models that misbehave: what cannot be run is answered, what can is run, and the model is asked on."""

import json

from orchestrator.llm.scripted import ErrorFault, Reply, ScriptedCall
from orchestrator.schemas.run import RunObject
from tests.acceptance import checks
from tests.acceptance.local import Local, asking

_ANSWER = Reply(content="Fine.")


def _ping(note: str) -> ScriptedCall:
    return ScriptedCall.of("ping", note=note)


def _outcomes(run: RunObject) -> list[tuple[str, str | None]]:
    return [(call.status, call.error.code if call.error else None) for call in run.tool_calls]


def _notes(local: Local, run: RunObject) -> list[str]:
    """What was really run."""
    return sorted(str(found.began.arguments["note"]) for found in local.executions(run.id))


def test_a_rate_limited_model_call_is_made_again(local: Local) -> None:
    """Until it is answered, and the calls of its answer are made once."""
    limited = ErrorFault(status=429, message="Slow down.", code="rate_limit_exceeded", retry_after_s=0, times=2)

    run = local.run(asking(_ping("a"), faults=(limited,)), _ANSWER, tools=["ping"])

    requests = local.model_requests()[run.model]
    assert (run.status, _outcomes(run), _notes(local, run)) == ("completed", [("succeeded", None)], ["a"])
    assert (len(requests), requests[0] == requests[1] == requests[2]) == (4, True)
    checks.assert_model_saw_all(run, requests)


def test_a_model_that_refuses_the_request_fails_the_run(local: Local) -> None:
    """Asking again would not help; the results that were there stay."""
    run = local.run(asking(_ping("a")), Reply.error(400, "Too long.", code="context_length_exceeded"), tools=["ping"])

    assert run.error is not None
    assert (run.status, run.error.code, _outcomes(run)) == ("failed", "context_length_exceeded", [("succeeded", None)])
    assert len(local.model_requests()[run.model]) == 2


def test_the_last_call_of_a_reply_that_was_cut_off_is_not_made(local: Local) -> None:
    """It may be half of what was meant, however whole it looks."""
    run = local.run(asking(_ping("a"), _ping("b"), finish_reason="length"), _ANSWER, tools=["ping"])

    assert (run.status, _outcomes(run)) == ("completed", [("succeeded", None), ("skipped", "truncated_call")])
    assert _notes(local, run) == ["a"]


def test_an_unknown_tool_is_answered_and_its_siblings_are_made(local: Local) -> None:
    """Also one that a worker has but the run does not offer."""
    calls = (ScriptedCall.of("no_such_tool"), _ping("a"), ScriptedCall.of("nap", label="x", seconds=0))

    run = local.run(asking(*calls), _ANSWER, tools=["ping"])

    assert run.status == "completed"
    assert _outcomes(run) == [("failed", "unknown_tool"), ("succeeded", None), ("failed", "unknown_tool")]
    assert _notes(local, run) == ["a"]


def test_a_reply_without_a_known_tool_goes_back_to_the_model(local: Local) -> None:
    """Where nothing can be run, the model is asked on at once."""
    run = local.run(asking(ScriptedCall.of("no_such_tool")), _ANSWER, tools=["ping"])

    assert (run.status, _outcomes(run), len(run.turns)) == ("completed", [("failed", "unknown_tool")], 2)
    checks.assert_model_saw_all(run, local.model_requests()[run.model])


def test_repeated_and_missing_ids_are_replaced(local: Local) -> None:
    """Each call is made, and each has an id of its own in the transcript, over the turns too."""
    ids = ("same", "same", "", None)
    first = asking(*(ScriptedCall(name="ping", arguments={"note": str(number)}, id=id_) for number, id_ in enumerate(ids)))
    second = asking(ScriptedCall(name="ping", arguments={"note": "again"}, id="same"))

    run = local.run(first, second, _ANSWER, tools=["ping"])

    used = [call.tool_call_id for call in run.tool_calls]
    assert (run.status, _notes(local, run)) == ("completed", ["0", "1", "2", "3", "again"])
    assert [call.content for call in run.tool_calls] == ["pong 0", "pong 1", "pong 2", "pong 3", "pong again"]
    assert (len(set(used)), all(used), used[0]) == (5, True, "same")
    checks.assert_model_saw_all(run, local.model_requests()[run.model])


def test_absent_arguments_are_none_and_broken_ones_are_explained(local: Local) -> None:
    """Nothing is guessed: only whole JSON objects that fit the tool's parameters are run."""
    texts = ("", None, "{}", '{"note":"a"}{"note":"b"}', '{"note":', '["a"]', '{"note":1}', '{"wrong":"a"}')

    run = local.run(asking(*(ScriptedCall(name="ping", arguments=text) for text in texts)), _ANSWER, tools=["ping"])

    assert run.status == "completed"
    assert _outcomes(run) == [("succeeded", None)] * 3 + [("failed", "invalid_arguments")] * 5
    assert _notes(local, run) == ["", "", ""]
    assert all(json.loads(call.content or "")["error"]["message"] for call in run.tool_calls[3:])
    checks.assert_model_saw_all(run, local.model_requests()[run.model])


def test_equal_calls_are_made_as_often_as_they_are_asked_for(local: Local) -> None:
    """They may be meant: a die is rolled twice by two equal calls."""
    run = local.run(asking(_ping("a"), _ping("a"), _ping("a")), _ANSWER, tools=["ping"])

    assert (_notes(local, run), len({call.tool_call_id for call in run.tool_calls})) == (["a", "a", "a"], 3)
