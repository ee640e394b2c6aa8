"""Waiting for processes: by what they do, with an end."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(found: Callable[[], T | None], check: Callable[[], None], timeout_s: float = 60.0, what: str = "the answer") -> T:
    """What `found` gives once it gives something. `check` raises when waiting longer is in vain; `what` names it in the
    TimeoutError."""
    give_up_at = time.monotonic() + timeout_s
    while time.monotonic() < give_up_at:
        check()
        if (value := found()) is not None:
            return value
        time.sleep(0.1)
    raise TimeoutError(f"{what} did not come within {timeout_s:.0f} s")
