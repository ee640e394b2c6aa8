"""A Celery app with our settings and tasks of a chord, for a worker process of its own."""

import json
import os
from typing import TYPE_CHECKING, Any, Final

from tasks.app import make_app

if TYPE_CHECKING:
    from celery import Task

#: A list of what each body was called with.
BODIES: Final = "contract:bodies"

app = make_app("contract", os.environ.get("REDIS_URL", "redis://"))


@app.task(name="contract.part", ignore_result=True)
def part(number: int) -> int:
    """One part of a header."""
    return number


@app.task(name="contract.growing", bind=True, ignore_result=True)
def growing(self: "Task[..., int]", number: int, last: int) -> int:
    """A part that adds the next to its chord, as a window does."""
    if number < last:
        self.add_to_chord(growing.si(number + 1, last))
    return number


@app.task(name="contract.body", ignore_result=True)
def body(numbers: list[int]) -> None:
    """Says what it was called with."""
    backend: Any = app.backend
    backend.client.rpush(BODIES, json.dumps(numbers))
