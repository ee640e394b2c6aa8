"""When a process that died is started again."""

from orchestrator.processes.supervisor import RestartBook, RestartPolicy

_POLICY = RestartPolicy(backoff_s=1, max_backoff_s=3, deaths=3, window_s=60)


def test_each_death_in_the_window_doubles_the_wait_up_to_the_most() -> None:
    """A process that keeps dying does not keep the machine busy."""
    book = RestartBook(_POLICY)

    assert [book.record_death(now) for now in (0, 10, 20)] == [1, 12, 23]


def test_one_death_too_many_in_the_window_ends_the_restarts() -> None:
    """A process that cannot run is given up."""
    book = RestartBook(_POLICY)
    for now in (0, 10, 20):
        book.record_death(now)

    assert book.record_death(30) is None


def test_deaths_before_the_window_are_forgotten() -> None:
    """A process that dies once an hour is restarted for ever, and at once."""
    book = RestartBook(_POLICY)

    assert [book.record_death(hour * 3600) for hour in range(10)] == [hour * 3600 + 1 for hour in range(10)]
