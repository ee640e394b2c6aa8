"""What a scripted model answers."""

from typing import Any

import pytest

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Conversation, Match, Reply, Script
from orchestrator.llm.scripted.stage import Stage


def asked(question: str = "Hello", *, model: str = "scripted", answers: int = 0, **fields: Any) -> ChatRequest:
    """A request after so many replies."""
    answered = [{"role": "assistant", "content": "..."}] * answers
    return ChatRequest.model_validate({"model": model, "messages": [{"role": "user", "content": question}, *answered]} | fields)


def test_the_request_wins_over_the_library_and_the_library_over_the_start() -> None:
    """A script in the request is nearest."""
    stage = Stage(Script.of(Reply(content="start")))
    model = stage.register("a", Script.of(Reply(content="library")))
    script = {"replies": [{"content": "request"}]}

    replies = [
        stage.cue(request).reply.content for request in (asked(model=model, script=script), asked(model=model), asked(model="gpt-x"))
    ]

    assert replies == ["request", "library", "start"]


def test_a_question_that_no_conversation_fits_is_planned() -> None:
    """The demo's planner answers all that is not scripted."""
    stage = Stage(Script(conversations=(Conversation(when=Match(contains="weather"), replies=(Reply(content="Rain."),)),)))

    assert stage.cue(asked("The weather?")).reply.content == "Rain."
    assert "not a language model" in (stage.cue(asked("The time?")).reply.content or "")


def test_an_unknown_script_is_an_unknown_model() -> None:
    """The error says how to register it."""
    with pytest.raises(RequestError, match="PUT /scripts/nobody") as caught:
        Stage().cue(asked(model="scripted/nobody"))

    assert (caught.value.status, caught.value.code) == (404, "model_not_found")


def test_a_script_that_has_ended_says_so() -> None:
    """It does not begin anew."""
    stage = Stage(Script.of(Reply(content="1")))

    with pytest.raises(RequestError, match="no reply to model call 2") as caught:
        stage.cue(asked(answers=1))

    assert caught.value.code == "script_exhausted"


def test_the_nearest_latency_counts() -> None:
    """The reply's before the script's before the server's, and zero is one."""
    stage = Stage(latency_s=1)
    scripts = [Script.of(Reply(latency_s=0), latency_s=2), Script.of(Reply(), latency_s=2), Script.of(Reply())]

    assert [stage.cue(asked(script=script)).latency_s for script in scripts] == [0, 2, 1]
    assert stage.cue(asked()).latency_s == 1


def test_attempts_are_counted_for_each_conversation() -> None:
    """Another question has a count of its own, and registering the script anew begins anew."""
    stage = Stage()
    script = Script.of(Reply(content="1", faults=(ErrorFault(times=1),)))
    model = stage.register("a", script)

    met = [stage.cue(asked(question, model=model)).fault for question in ("one", "one", "two")]
    stage.register("a", script)
    again = stage.cue(asked("one", model=model)).fault

    assert [fault is not None for fault in (*met, again)] == [True, False, True, True]
