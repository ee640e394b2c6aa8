"""The few statistics that are reported."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

#: With fewer values the 99th percentile would only be the maximum.
_ENOUGH_FOR_P99 = 100


class Spread(BaseModel):
    """Values in brief."""

    model_config = ConfigDict(frozen=True)

    p50: float
    low: float
    high: float
    p99: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        p99 = percentile(values, 99) if len(values) >= _ENOUGH_FOR_P99 else None
        return cls(p50=percentile(values, 50), low=min(values), high=max(values), p99=p99)

    def minus(self, value: float) -> "Spread":
        p99 = None if self.p99 is None else self.p99 - value
        return Spread(p50=self.p50 - value, low=self.low - value, high=self.high - value, p99=p99)


def percentile(values: Sequence[float], percent: float) -> float:
    """Interpolated between the two nearest values. Raises ValueError when there is none."""
    if not values:
        raise ValueError("there are no values to take a percentile of")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(ours: float, theirs: float) -> float | None:
    """How many times theirs ours is; None where theirs is nothing to compare with."""
    return ours / theirs if theirs > 0 else None
