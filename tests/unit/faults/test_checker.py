"""The checker sees what is wrong with a history, and nothing that is not."""

import pytest

from tests.faults.checker import INVARIANTS, NOT_CHECKED, Demands, Rules, check, shortest
from tests.faults.checker.view import View
from tests.faults.history import Fault
from tests.unit.faults import broken_calls, broken_runs
from tests.unit.faults.breaking import Breakage
from tests.unit.faults.drafts import Draft, Planned, clean, completed

BREAKAGES = [*broken_runs.BREAKAGES, *broken_calls.BREAKAGES]
RULES = Rules(
    events_per_run=200,
    demands=Demands(
        completed_runs=2, fault_kinds=frozenset({"kill_worker"}), recovery_paths=frozenset({"stale_result", "replay"}), leftovers=True
    ),
)


def test_a_clean_history_breaks_nothing() -> None:
    """Recoveries, replays and a cancel are no violations."""
    assert check(clean().history(), RULES) == []


@pytest.mark.parametrize("breakage", BREAKAGES, ids=str)
def test_what_is_broken_is_seen_and_nothing_else(breakage: Breakage) -> None:
    """The function that holds the invariant sees it, and no other invariant is blamed that holds."""
    draft = clean()
    breakage.apply(draft)
    history = draft.history()

    assert {found.invariant for found in check(history, RULES)} == breakage.invariants
    assert list(breakage.holds(View.of(history, RULES)))


def test_every_function_of_the_checker_has_a_history_that_breaks_it() -> None:
    """One that can never fail holds nothing."""
    assert {breakage.holds for breakage in BREAKAGES} == {function for functions in INVARIANTS.values() for function in functions}


def test_every_invariant_is_checked_or_says_why_not() -> None:
    """None is forgotten."""
    assert sorted([*INVARIANTS, *NOT_CHECKED]) == [f"I{number:02}" for number in range(1, 25)]


def test_every_function_says_which_invariant_it_holds() -> None:
    """Its docstring begins with the id under which it is registered."""
    for invariant, functions in INVARIANTS.items():
        assert [str(function.__doc__)[:4] for function in functions] == [f"{invariant}:"] * len(functions)


def test_a_violation_shows_the_records_that_prove_it() -> None:
    """It reads as a sentence with one line for each record, times counted from the campaign's begin."""
    draft = clean()
    draft.executions.append(draft.executions[2])

    violation = shortest(check(draft.history()))

    line = "    execution of nap at 1.000-2.000: call run_0.1.1 attempt 1 key run_0.1.1 pid 7"
    assert str(violation).splitlines() == ["I08: Attempt 1 of the call was started 2 times.", line, line]


def test_the_shortest_violation_of_none_is_none() -> None:
    """A clean campaign has nothing to print."""
    assert shortest([]) is None


@pytest.mark.parametrize(("kind", "seen"), [("redis_hang", set[str]()), ("kill_worker", {"I12"})])
def test_a_cancel_that_cannot_reach_the_workers_stops_nothing(kind: str, seen: set[str]) -> None:
    """How soon tools stop is promised only where Redis can be reached; that late results are not recorded, always."""
    draft = clean()
    broken_calls.BREAKAGES("a_tool_goes_on_after_the_cancel")(draft)
    draft.faults.append(Fault(kind=kind, target="redis" if seen == set() else "worker-io", began_at=102, ended_at=104))

    assert {found.invariant for found in check(draft.history())} == seen


def test_an_open_run_is_not_blamed_for_its_open_calls() -> None:
    """It is blamed for not having ended, once."""
    draft = clean()
    broken_runs.BREAKAGES("a_run_never_ends")(draft)

    assert [found.invariant for found in check(draft.history())] == ["I20"]


@pytest.mark.parametrize(
    ("kind", "bound_s"), [("redis_kill", 10.0), ("redis_flushall", 20.0), ("postgres_restart", 10.0), ("kill_coordinator", 20.0)]
)
def test_the_bound_of_a_recovery_goes_by_the_faults_kind(kind: str, bound_s: float) -> None:
    """The longest beginning that is known decides."""
    assert Rules().recovery_bound_s(kind) == bound_s


def test_a_long_campaign_is_checked() -> None:
    """Hundreds of runs of ten calls each take seconds."""
    draft = Draft()
    for number in range(300):
        completed(draft, number, [Planned("linger", 1 + number % 2)] * 10)

    assert check(draft.history(), Rules(heal_s=1e6)) == []
