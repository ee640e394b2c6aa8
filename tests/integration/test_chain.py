"""Runs that continue each other."""

import pytest

from orchestrator.errors import Unacceptable
from orchestrator.llm.model import ModelReply
from orchestrator.messages import AssistantMessage
from orchestrator.store import chain
from tasks.messages import CallOutcome, Outcome
from tests.integration.loop import QUESTION, Make, asks, says

_MORE = {"role": "user", "content": "And tomorrow?"}


def test_the_transcript_of_the_run_before_comes_first(make: Make) -> None:
    """With its tool messages, over several runs; each shows only its own turns and calls."""
    bench = make(asks("lookup"), says("Sunny."), says("Rain."), says("Snow."))
    first = bench.start()
    bench.turns.advance(first)
    bench.work(first, 0)
    bench.turns.finish(first, 1, returned=True)
    second = bench.run(previous_run_id=first, messages=(_MORE,))

    third = bench.run(previous_run_id=second.run.id, messages=(_MORE,))

    roles = ["user", "assistant", "tool", "assistant", "user", "assistant", "user"]
    assert [message["role"] for message in bench.model.sent(3)] == roles
    assert [message["role"] for message in third.messages] == [*roles, "assistant"]
    assert (third.messages[0], third.messages[6]["content"]) == (QUESTION, "And tomorrow?")
    assert (len(third.turns), len(third.calls), third.run.status) == (1, 0, "completed")


def test_raw_turns_go_along(make: Make) -> None:
    """The provider that wrote them gets them back, whichever wrote the turns between."""
    bench = make(ModelReply(content="Hm.", finish_reason="stop", provider="anthropic", raw={"thinking": "x"}), says("Yes."))
    first = bench.run()

    bench.run(previous_run_id=first.run.id, messages=(_MORE,), model="openai/m")

    said = bench.model.requests[1].messages[1]
    assert isinstance(said, AssistantMessage)
    assert said.raw_of("anthropic") == {"thinking": "x"}


def test_ids_stay_unique_in_the_conversation(make: Make) -> None:
    """Providers repeat them."""
    bench = make(asks("lookup"), says("Sunny."), asks("lookup"), says("Rain."))
    ids: list[str] = []
    previous: str | None = None
    for _ in range(2):
        run_id = bench.start(previous_run_id=previous)
        bench.turns.advance(run_id)
        bench.work(run_id, 0)
        bench.turns.finish(run_id, 1, returned=True)
        ids += [call.tool_call_id for call in bench.view(run_id).calls]
        previous = run_id

    assert ids == ["call_0", "call_0_d1"]


def test_two_runs_may_continue_one(make: Make) -> None:
    """A conversation is a tree."""
    bench = make(says("Sunny."), says("One."), says("Two."))
    first = bench.run()

    views = [bench.run(previous_run_id=first.run.id, messages=(_MORE,)) for _ in range(2)]

    assert [view.messages[-1]["content"] for view in views] == ["One.", "Two."]


def test_a_cancelled_run_is_continued(make: Make) -> None:
    """Its calls are all answered."""
    bench = make(asks("lookup"), says("Well."))
    first = bench.start()
    bench.turns.advance(first)
    bench.cancel(first)

    view = bench.run(previous_run_id=first, messages=(_MORE,))

    assert [message["role"] for message in view.messages] == ["user", "assistant", "tool", "user", "assistant"]


def test_only_a_run_that_has_ended_is_continued(make: Make) -> None:
    """Its transcript must not change any more."""
    bench = make()
    run_id = bench.start()

    for previous, why in ((run_id, "has not ended"), ("run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B", "There is no run")):
        with pytest.raises(Unacceptable, match=why) as refused:
            bench.start(previous_run_id=previous)
        assert refused.value.field == "previous_run_id"


def test_a_conversation_has_an_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it is bounded."""
    monkeypatch.setattr(chain, "LONGEST", 2)
    bench = make(says("One."), says("Two."))
    first = bench.run()
    second = bench.run(previous_run_id=first.run.id)

    with pytest.raises(Unacceptable, match="at most 2 runs"):
        bench.start(previous_run_id=second.run.id)


def test_a_conversation_has_a_size(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was posted counts, and what tools answered."""
    bench = make(asks("lookup"), says("One."), says("Two."))
    first = bench.start()
    bench.turns.advance(first)
    bench.work(first, 0, CallOutcome(outcome=Outcome.SUCCEEDED, content="x" * 1000))
    bench.turns.finish(first, 1, returned=True)
    monkeypatch.setattr(chain, "LARGEST", 1200)
    second = bench.run(previous_run_id=first, messages=({"role": "user", "content": "y" * 200},))

    with pytest.raises(Unacceptable, match="longer than 1200 bytes"):
        bench.start(previous_run_id=second.run.id)
