"""The fault matrix says what each kind of fault hit and what came of it."""

from tests.faults import matrix
from tests.faults.history import Fault
from tests.unit.faults.drafts import Draft, Planned, clean, completed


def _fault(kind: str, at: float, recovered_s: float | None = None, *, runs: int = 0, calls: int = 0) -> Fault:
    flight = {"runs_in_flight": runs, "calls_in_flight": calls}
    return Fault(kind=kind, target="any", began_at=at, ended_at=at + 1, recovered_s=recovered_s).model_copy(update=flight)


def test_a_kind_is_a_row_over_all_campaigns() -> None:
    """Counts add up; the recovery is the median and the longest."""
    first, second = clean(), clean()
    first.faults = [_fault("redis_kill", 2, 1.0, runs=2), _fault("redis_kill", 50)]
    second.faults = [_fault("redis_kill", 2, 3.0, calls=4), _fault("api_kill", 2, 9.0, runs=1)]

    api, redis = matrix.rows([first.history(), second.history()])

    assert (api.kind, api.times, api.runs, api.bound_s) == ("api_kill", 1, 1, 20.0)
    assert (redis.times, redis.in_flight, redis.runs) == (3, 2, 2)
    assert (redis.recovery_p50_s, redis.recovery_max_s, redis.bound_s) == (2.0, 3.0, 10.0)


def test_the_runs_of_a_fault_are_those_that_were_open() -> None:
    """Those that had ended before, and those that began after it, it did not touch."""
    draft = clean()
    draft.faults = [_fault("kill", 102)]

    (row,) = matrix.rows([draft.history()])

    assert row.outcomes == {"cancelled": 1}


def test_the_nemesis_may_name_the_runs() -> None:
    """It knows better than the clock."""
    draft = clean()
    draft.faults = [_fault("kill", 2).model_copy(update={"run_ids": ("run_1", "run_2")})]

    (row,) = matrix.rows([draft.history()])

    assert row.outcomes == {"cancelled": 1, "completed": 1}


def test_executions_are_counted_for_each_logical_call() -> None:
    """Apart for tools that may run again and for the others."""
    draft = Draft()
    completed(draft, 0, [Planned("linger", 3), Planned("linger"), Planned("nap")])
    draft.faults = [_fault("kill", 2)]

    (row,) = matrix.rows([draft.history()])

    assert (row.idempotent, row.other) == (matrix.Spread(mean=2, most=3), matrix.Spread(mean=1, most=1))
