"""One turn's calls on one axis of time, by the service's own clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from orchestrator.schemas.run import ToolCallObject

_MS: Final = timedelta(milliseconds=1)
_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """One call's part of the axis: it waits from `created` until `started`, then runs until `ended`."""

    call: ToolCallObject
    created_ms: float
    started_ms: float
    ended_ms: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The calls of one turn."""

    spans: tuple[Span, ...]
    #: From the first call's `created_at` to the last one's `finished_at`; to now, while one is open.
    wall_ms: float
    #: The tools' own time, added up.
    work_ms: int

    @classmethod
    def of(cls, calls: Sequence[ToolCallObject], now: datetime) -> Self:
        """`calls` are those of one turn, at least one."""
        start = min(call.created_at for call in calls)
        spans = tuple(_span(call, start, now) for call in calls)
        return cls(spans, max(span.ended_ms for span in spans), sum(call.run_ms or 0 for call in calls))

    @property
    def speed_up(self) -> float:
        """How many times faster than the same work one call after the other."""
        return self.work_ms / self.wall_ms if self.wall_ms else 1.0

    def __str__(self) -> str:
        count = len(self.spans)
        calls = "1 call" if count == 1 else f"{count} calls"
        if any(span.call.finished_at is None for span in self.spans):
            return calls
        return f"{calls}, {self.work_ms / _MS_PER_S:.2f} s of work in {self.wall_ms / _MS_PER_S:.2f} s: {self.speed_up:.1f}x"


def _span(call: ToolCallObject, start: datetime, now: datetime) -> Span:
    created_ms = (call.created_at - start) / _MS
    ended_ms = max(created_ms, ((call.finished_at or now) - start) / _MS)
    started_ms = ended_ms if call.started_at is None else (call.started_at - start) / _MS
    # Start and end are told by another clock than the creation.
    return Span(call, created_ms, min(max(created_ms, started_ms), ended_ms), ended_ms)
