"""What the fast path rests on, on the Celery that is installed: flat chords whose tasks ignore their results.

Celery's documents say that header and body must not ignore results. On Redis they may, which spares two fifths of a chord's
commands and keeps a worker that dies late from losing it. An upgrade that ends this must be noticed here.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from celery import Celery, Signature, chord
from redis import Redis

from orchestrator.processes.child import ProcessSpec
from orchestrator.processes.supervisor import Supervisor
from tasks.broker import connect
from tests.integration.chord_app import BODIES

_ROOT = Path(__file__).parents[2]
_WORKER = (sys.executable, "-m", "celery", "-A", "tests.integration.chord_app", "worker", "-c", "4", "--without-gossip", "--without-mingle")


@pytest.fixture(params=["threads", "prefork"])
def worker(redis_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """A worker process of either pool."""
    environ = {"PATH": os.defpath, "PYTHONPATH": str(_ROOT), "REDIS_URL": redis_url}
    command = (*_WORKER, "-P", str(request.param))
    with Supervisor() as supervisor:
        supervisor.start([ProcessSpec(name="worker", role="test", command=command, environ=environ, log=tmp_path / "worker.log")])
        yield


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """The test's Redis."""
    with connect(redis_url) as client:
        yield client


def _part(app: Celery, number: int) -> Signature:
    return app.signature("contract.part", args=(number,), ignore_result=True)


def _send(app: Celery, header: Sequence[Signature]) -> None:
    chord(header, app=app)(app.signature("contract.body", ignore_result=True))


def _bodies(redis: Redis, count: int) -> list[list[int]]:
    give_up_at = time.monotonic() + 60
    while len(told := cast("list[str]", redis.lrange(BODIES, 0, -1))) < count:
        assert time.monotonic() < give_up_at, told
        time.sleep(0.05)
    return [json.loads(text) for text in told]


@pytest.mark.usefixtures("worker")
def test_a_flat_chord_that_ignores_results_delivers(celery_app: Celery, redis: Redis) -> None:
    """Every body is called once, with all results in the header's order; a header of one too."""
    wanted = [list(range(width)) for width in (1, 2, 8, 32)]
    for header in wanted:
        _send(celery_app, [_part(celery_app, number) for number in header])

    told = _bodies(redis, len(wanted))

    assert sorted(told, key=len) == wanted
    assert _stored(redis) == []


@pytest.mark.usefixtures("worker")
def test_a_chord_grows_by_its_own_parts(celery_app: Celery, redis: Redis) -> None:
    """The body waits for parts that were added while the header ran."""
    growing = [celery_app.signature("contract.growing", args=(first, first + 8), ignore_result=True) for first in (0, 100)]
    _send(celery_app, growing)

    [told] = _bodies(redis, 1)

    assert sorted(told) == [*range(9), *range(100, 109)]
    assert _stored(redis) == []


def _stored(redis: Redis) -> list[Any]:
    """Results that Celery has kept."""
    keys: Callable[[str], list[Any]] = cast("Any", redis).keys
    return keys("celery-task-meta-*")
