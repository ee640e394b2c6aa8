"""bench/figures.py: the few statistics."""

import pytest

from bench.figures import Spread, percentile, ratio


def test_a_percentile_lies_between_its_two_nearest_values() -> None:
    """The values need not be in order."""
    assert percentile([30.0, 10.0, 20.0, 40.0], 50) == 25.0
    assert percentile([30.0, 10.0, 20.0, 40.0], 0) == 10.0
    assert percentile([30.0, 10.0, 20.0, 40.0], 100) == 40.0
    assert percentile([7.0], 99) == 7.0


def test_nothing_has_no_percentile() -> None:
    """Better no figure than a made-up one."""
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_99th_percentile_needs_a_hundred_values() -> None:
    """With fewer it would only be the maximum."""
    assert Spread.of([1.0] * 99).p99 is None
    assert Spread.of([float(value) for value in range(101)]).p99 == 99.0


def test_a_spread_less_an_ideal_keeps_its_width() -> None:
    """Overhead is what a run took beyond its ideal."""
    assert Spread.of([410.0, 405.0, 430.0]).minus(400) == Spread(p50=10, low=5, high=30, p99=None)


def test_a_ratio_to_nothing_is_none() -> None:
    """A peer without measurable overhead has no multiple."""
    assert ratio(30.0, 20.0) == 1.5
    assert ratio(30.0, 0.0) is None
