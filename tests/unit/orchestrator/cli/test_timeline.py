"""Calls on one axis of time."""

from datetime import datetime

import pytest

from orchestrator.cli.timeline import Timeline
from orchestrator.schemas.run import ToolCallObject
from tests.unit.orchestrator.cli.service import Json, at, call


def _timeline(*calls: Json, now_ms: int = 0) -> Timeline:
    return Timeline.of([ToolCallObject.model_validate(one) for one in calls], datetime.fromisoformat(at(now_ms)))


def test_the_speed_up_is_the_work_by_the_time_it_took() -> None:
    """From the first call's creation to the last one's end, by the service's own times."""
    calls = [call(index, "tool", "succeeded", started_ms=20 + index, ended_ms=320 + index) for index in range(3)]
    timeline = _timeline(*calls)

    assert (timeline.work_ms, timeline.wall_ms) == (900, 322)
    assert timeline.speed_up == pytest.approx(900 / 322)
    assert str(timeline) == "3 calls, 0.90 s of work in 0.32 s: 2.8x"


def test_an_open_call_reaches_until_now() -> None:
    """One that was not started only waits."""
    timeline = _timeline(call(0, "tool", "in_progress", started_ms=20), call(1, "tool", "queued"), now_ms=100)

    assert [(span.created_ms, span.started_ms, span.ended_ms) for span in timeline.spans] == [(0, 20, 100), (0, 100, 100)]
    assert str(timeline) == "2 calls"


def test_clocks_that_disagree_give_no_bar_that_runs_backwards() -> None:
    """The reader's clock and the worker's may be behind the service's."""
    timeline = _timeline(call(0, "tool", "in_progress", started_ms=500), call(1, "tool", "failed", started_ms=-5, ended_ms=-2), now_ms=100)

    assert [(span.started_ms, span.ended_ms) for span in timeline.spans] == [(100, 100), (0, 0)]


def test_calls_that_took_no_time_are_as_fast_as_one_by_one() -> None:
    """Nothing is divided by zero."""
    assert str(_timeline(call(0, "tool", "skipped", started_ms=0, ended_ms=0))) == "1 call, 0.00 s of work in 0.00 s: 1.0x"
