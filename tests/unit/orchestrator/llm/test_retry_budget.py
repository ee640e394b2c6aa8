"""How many model calls a process may make again."""

import pytest

from orchestrator.llm.retry_budget import RetryBudget


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(budget: RetryBudget, longest_s: float = 0.0) -> int:
    """How many retries there are at once, at most a hundred."""
    return sum(budget.take(longest_s) is not None for _ in range(100))


def test_a_reserve_may_be_used_at_once() -> None:
    """A short outage is bridged without a wait."""
    assert taken(RetryBudget(Clock())) == 10


def test_calls_earn_retries() -> None:
    """A provider that fails gets a fifth more calls, not several times as many."""
    budget = RetryBudget(Clock())
    taken(budget)
    for _ in range(25):
        budget.earn()
    assert taken(budget) == 5


def test_retries_come_back_with_time() -> None:
    """Up to the reserve."""
    clock = Clock()
    budget = RetryBudget(clock)
    taken(budget)
    clock.now = 1
    assert taken(budget) == 5
    clock.now = 1000
    assert taken(budget) == 10


def test_one_that_finds_none_waits_for_its_own() -> None:
    """Each a little longer than the one before."""
    budget = RetryBudget(Clock())
    taken(budget)
    waits = [budget.take(60) or 0.0 for _ in range(3)]
    assert waits == pytest.approx([0.2, 0.4, 0.6])


def test_a_wait_that_is_too_long_takes_nothing() -> None:
    """The call gives up, and the others wait no longer for it."""
    budget = RetryBudget(Clock())
    taken(budget)
    assert [budget.take(0.1), budget.take(0.3)] == [None, 0.2]
