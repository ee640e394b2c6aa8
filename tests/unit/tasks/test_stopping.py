"""The time that a stopping worker gives to what it runs."""

from tasks.stopping import Stopping


def test_nothing_is_over_while_nobody_stops() -> None:
    """A worker may run for ever."""
    assert not Stopping().over


def test_the_time_is_over_when_the_grace_is() -> None:
    """Without a grace it is over at once."""
    stopping = Stopping()
    stopping.begin(3600)
    assert not stopping.over

    stopping.begin(0)

    assert stopping.over
    stopping.wait()


def test_a_second_signal_does_not_prolong_the_time() -> None:
    """The shorter time holds."""
    stopping = Stopping()
    stopping.begin(0)
    stopping.begin(3600)

    assert stopping.over
