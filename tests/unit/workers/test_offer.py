"""A worker offers only tools that its pool can stop."""

import pytest

from tasks import tool
from workers.offer import offered


@tool
async def fetch(url: str) -> str:
    """Fetches a page."""
    return url


@tool
def crunch(number: int) -> int:
    """Crunches a number."""
    return number


@pytest.mark.parametrize(
    ("pool", "queues", "expected"),
    [
        ("celery.concurrency.thread", ["io"], ["fetch"]),
        ("celery.concurrency.thread", ["io", "default"], ["fetch"]),
        ("celery.concurrency.prefork", ["default"], ["crunch"]),
        ("celery.concurrency.prefork", ["io", "default"], ["fetch", "crunch"]),
        ("celery.concurrency.solo", ["io", "default"], []),
        ("celery.concurrency.gevent", ["io", "default"], []),
        ("celery.concurrency.prefork", ["other"], []),
    ],
)
def test_only_tools_that_the_pool_can_stop_are_offered(pool: str, queues: list[str], expected: list[str]) -> None:
    """Threads cannot stop a sync tool, and solo and gevent can stop none; other queues' tools are not this worker's."""
    assert [spec.name for spec in offered([fetch, crunch], queues, pool)] == expected
