"""The model steps that a coordinator holds: asked for, and given back while the model still thinks."""

import threading
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.exc import OperationalError

from orchestrator.llm.errors import ModelUnavailable
from orchestrator.llm.model import ModelReply
from orchestrator.steps import Released, StepLeases
from orchestrator.store.runs import Step

_STEP = Step("run_1", 1, 1)
_REPLY = ModelReply.model_construct()


def _unneeded(steps: Sequence[Step]) -> None:
    """Nothing is renewed in so short a time."""


def _asking(leases: StepLeases, model: Callable[[], ModelReply]) -> ModelReply:
    with leases.holding(_STEP) as held:
        return held.ask(model)


def test_a_reply_is_passed_on() -> None:
    """As are the model's errors."""

    def refuse() -> ModelReply:
        raise ModelUnavailable("busy", "Busy.", retryable=True)

    leases = StepLeases(_unneeded, _unneeded)

    assert _asking(leases, lambda: _REPLY) is _REPLY
    with pytest.raises(ModelUnavailable):
        _asking(leases, refuse)


def _database_away(steps: Sequence[Step]) -> None:
    raise OperationalError(f"update {steps}", None, Exception())


@pytest.mark.parametrize("broken", [False, True])
def test_a_step_that_is_given_back_waits_for_no_model(*, broken: bool) -> None:
    """The others are told while it is still held; where they cannot be, its lease ends by itself. A reply that comes later goes nowhere."""
    told: list[Step] = []
    answering, over = threading.Event(), threading.Event()
    leases = StepLeases(_unneeded, _database_away if broken else told.extend)

    def think() -> ModelReply:
        threading.Thread(target=leases.release).start()
        answering.wait(60)
        over.set()
        return _REPLY

    with pytest.raises(Released):
        _asking(leases, think)
    answering.set()

    assert told == ([] if broken else [_STEP])
    assert over.wait(60)


def test_what_is_not_held_is_not_given_back() -> None:
    """A step that has its reply is nobody else's."""
    told: list[Step] = []
    leases = StepLeases(_unneeded, told.extend)
    _asking(leases, lambda: _REPLY)

    leases.release()

    assert told == []
