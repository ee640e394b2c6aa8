"""The watcher on real Postgres and Redis: it notes, keeps the catalogue, and sends again what was lost."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest
from celery import Celery
from pydantic import SecretStr
from sqlalchemy import select

from orchestrator.engine import Engine
from orchestrator.runs import NewRun
from orchestrator.settings import Settings
from orchestrator.tables import Lease
from orchestrator.watcher import Watcher
from tasks.messages import Announcement, ToolSpec
from tasks.names import TURNS_QUEUE

_SPEC = ToolSpec(
    name="get_weather",
    description="Weather.",
    parameters={"type": "object"},
    queue="io",
    timeout_s=30,
    idempotent=False,
    retries=0,
    max_result_bytes=1000,
    schema_hash="h1",
)


@pytest.fixture
def engine(database_url: str, redis_url: str, celery_app: Celery) -> Iterator[Engine]:
    """What a watcher watches, with sweeps that come soon."""
    settings = Settings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), sweep_every_s=0.05, dispatch_grace_s=0.2)
    engine = Engine(settings, celery_app)
    yield engine
    engine.close()


@pytest.fixture
def watching(engine: Engine) -> Iterator[None]:
    """A watcher at work."""
    stop = threading.Event()
    thread = threading.Thread(target=Watcher(engine).run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join(10)


def _until(found: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(400):
        if found():
            return
        pause.wait(0.05)
    raise AssertionError("not seen in time")


def _leader(engine: Engine) -> str | None:
    with engine.database.transaction() as session:
        return session.scalars(select(Lease.holder)).one_or_none()


def _new(deadline_s: float = 600) -> NewRun:
    message = {"role": "user", "content": "Hello."}
    return NewRun(messages=(dict(message),), model="m", max_turns=3, max_parallel_tool_calls=8, deadline_s=deadline_s)


def _waiting(engine: Engine) -> list[str]:
    """The tasks in the coordinator's queue, by name."""
    texts = engine.redis.lrange(TURNS_QUEUE, 0, -1)
    return [json.loads(text)["headers"]["task"] for text in texts]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportGeneralTypeIssues] - decoded by connect


@pytest.mark.usefixtures("watching")
def test_what_workers_announce_is_kept(engine: Engine) -> None:
    """A tool can be named in a run soon after its worker came, and its version stays known when the worker goes."""
    engine.presence.announce(Announcement(worker_id="w", worker="io@w", queues=("io",), tools=(_SPEC,)))
    _until(lambda: bool(engine.runs.tools()))
    engine.presence.leave("w")

    found = engine.runs.tools()[0]

    assert (found.name, found.schema_hash, found.workers) == ("get_weather", "h1", 1)


@pytest.mark.usefixtures("watching")
def test_a_lost_doorbell_is_rung_again(engine: Engine) -> None:
    """A run whose message vanished from Redis is sent to the coordinator again."""
    engine.runs.start(_new())
    engine.redis.delete(TURNS_QUEUE)

    _until(lambda: "run.advance" in _waiting(engine))


@pytest.mark.usefixtures("watching")
def test_an_overdue_run_is_ended(engine: Engine) -> None:
    """A run that no coordinator ever took ends at its deadline."""
    run_id = engine.runs.start(_new(deadline_s=0.1))

    _until(lambda: engine.runs.read(run_id).run.status != "queued")

    run = engine.runs.read(run_id).run
    assert (run.status, run.incomplete_reason) == ("incomplete", "deadline")


def test_one_of_two_watchers_leads_until_it_resigns(engine: Engine) -> None:
    """The lease decides who sweeps, and a watcher that stops hands it on at once."""
    first, second = Watcher(engine), Watcher(engine)
    assert first.lead()
    assert not second.lead()
    assert first.lead()

    first.resign()

    assert second.lead()


def test_a_watcher_that_stops_makes_way_for_another(engine: Engine) -> None:
    """It does not keep the lead until its lease would end."""
    stop = threading.Event()
    first, second = Watcher(engine), Watcher(engine)
    thread = threading.Thread(target=first.run, args=(stop,))
    thread.start()
    _until(lambda: _leader(engine) is not None)
    assert not second.lead()
    stop.set()
    thread.join(10)

    assert second.lead()
