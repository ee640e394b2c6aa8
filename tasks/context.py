"""What a tool may know of the call it answers."""

import dataclasses
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import structlog
from structlog.typing import FilteringBoundLogger


def _ignore_progress(message: str, fraction: float | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """Taken by a tool through a parameter annotated `ToolContext`, of any name; the model never sees that parameter."""

    run_id: str
    #: Our own id of the call, not the provider's.
    tool_call_id: str
    #: 1 for the first attempt.
    attempt: int
    #: Stable over the attempts of a call, unique among calls.
    idempotency_key: str
    #: When the call's time is over, as time.monotonic() tells it.
    deadline: float | None = None
    #: The same moment in UTC.
    deadline_at: datetime | None = None
    logger: FilteringBoundLogger = field(default_factory=structlog.get_logger)
    cancel_event: threading.Event = field(default_factory=threading.Event)
    on_progress: Callable[[str, float | None], None] = _ignore_progress

    @property
    def cancelled(self) -> bool:
        """Whether the call is to end: its run was cancelled, or its worker stops. A tool that works in steps looks here
        between them."""
        return self.cancel_event.is_set()

    def remaining_s(self) -> float | None:
        """Seconds until the deadline, never below 0; None without a deadline."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tells those who watch the run how far the tool is; `fraction` runs from 0 to 1 and is held within it."""
        self.on_progress(message, None if fraction is None else min(1.0, max(0.0, fraction)))

    @classmethod
    def fake(cls, **overrides: Any) -> Self:
        """A context for an author's tests; any field can be given."""
        plain = cls(run_id="run_test", tool_call_id="run_test.0.0", attempt=1, idempotency_key="run_test.0.0")
        return dataclasses.replace(plain, **overrides)
