"""tasks/context.py: what a tool may know of its call."""

import dataclasses
import threading
import time

import pytest

from tasks.context import ToolContext


def test_remaining_time_is_counted_to_the_deadline() -> None:
    """The time left is positive before the deadline and never above what was given."""
    context = ToolContext.fake(deadline=time.monotonic() + 60)

    assert 0 < (context.remaining_s() or 0) <= 60


def test_remaining_time_is_never_negative() -> None:
    """After the deadline nothing is left."""
    assert ToolContext.fake(deadline=time.monotonic() - 1).remaining_s() == 0


def test_without_a_deadline_there_is_no_remaining_time() -> None:
    """None is what most clients take as "no timeout"."""
    assert ToolContext.fake().remaining_s() is None


def test_cancelled_follows_the_event() -> None:
    """Whoever runs the tool sets the event, the tool reads the property."""
    event = threading.Event()
    context = ToolContext.fake(cancel_event=event)
    before = context.cancelled

    event.set()

    assert (before, context.cancelled) == (False, True)


def test_progress_reaches_the_watcher_within_its_range() -> None:
    """A fraction is held between 0 and 1; it may be missing."""
    seen: list[tuple[str, float | None]] = []

    def watch(message: str, fraction: float | None) -> None:
        seen.append((message, fraction))

    context = ToolContext.fake(on_progress=watch)

    context.progress("half", 0.5)
    context.progress("over", 3)
    context.progress("under", -1)
    context.progress("somewhere")

    assert seen == [("half", 0.5), ("over", 1.0), ("under", 0.0), ("somewhere", None)]


def test_progress_without_a_watcher_is_ignored() -> None:
    """A tool under test needs no callback."""
    ToolContext.fake().progress("started", 0.1)


def test_a_fake_context_takes_any_field() -> None:
    """An author sets what the test is about."""
    context = ToolContext.fake(attempt=3, run_id="run_1")

    assert (context.attempt, context.run_id, context.idempotency_key) == (3, "run_1", "run_test.0.0")


def test_a_context_cannot_be_changed() -> None:
    """A tool reads its context and no more."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(ToolContext.fake(), "attempt", 2)  # noqa: B010 - the assignment is what must fail.
