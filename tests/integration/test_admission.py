"""Who may start a run, by the runs in Postgres. No worker is there: runs stay as a test leaves them."""

import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from itertools import islice

import pytest
from celery import Celery
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql
from starlette.testclient import TestClient

from orchestrator.app import create_app, services
from orchestrator.engine import Engine
from orchestrator.settings import Settings
from orchestrator.store import backlog, runs
from orchestrator.store.backlog import Backlog
from orchestrator.tables import Run

_HELLO = {"messages": [{"role": "user", "content": "Hello."}]}


class Door:
    """A caller of an API with limits, and a way to its tables."""

    def __init__(self, client: TestClient, engine: Engine) -> None:
        self.client = client
        self.engine = engine

    def post(self, _: int = 0) -> Response:
        return self.client.post("/v1/runs", json=_HELLO)

    def count(self) -> int:
        return len(self.client.get("/v1/runs", params={"limit": 100}).json()["data"])

    def begin(self, run_id: str) -> None:
        """As a coordinator does."""
        with self.engine.database.transaction() as session:
            assert runs.claim_step(session, run_id, 60)

    def end(self, run_id: str) -> None:
        with self.engine.database.transaction() as session:
            run = runs.lock(session, run_id)
            assert run is not None
            runs.close(session, run, "completed")

    def measured(self, most_queued: int = 100, most_running: int = 100) -> Backlog:
        with self.engine.database.transaction() as session:
            return backlog.measure(session, most_queued, most_running)

    def until(self, status: int) -> Response:
        """The answer of the first post that has this status. A reading of the backlog is used for half a second."""
        for _ in range(200):
            if (answer := self.post()).status_code == status:
                return answer
            time.sleep(0.1)
        raise AssertionError(f"no answer is {status}")


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Limits that are soon reached."""
    return Settings(
        database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), max_queued_runs=3, max_running_runs=2, max_queue_age_s=1000
    )


@contextmanager
def _door(settings: Settings, celery_app: Celery) -> Generator[Door]:
    engine = Engine(settings, celery_app)
    with TestClient(create_app(lambda: services(engine))) as client:
        yield Door(client, engine)


@pytest.fixture
def door(settings: Settings, celery_app: Celery) -> Iterator[Door]:
    """An API with these limits."""
    with _door(settings, celery_app) as door:
        yield door


def test_a_flood_creates_as_many_runs_as_may_be_queued(door: Door) -> None:
    """All that were accepted are there, and nothing of the others."""
    with ThreadPoolExecutor(10) as callers:
        answers = list(callers.map(door.post, range(40)))

    accepted = [answer for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert 1 <= len(accepted) <= 3
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(429, "too_many_runs")}
    assert all(answer.headers["retry-after"].isdecimal() for answer in refused)
    assert door.count() == len(accepted)


def test_the_door_opens_when_runs_begin(door: Door) -> None:
    """Within a second or so."""
    ids = [door.post().json()["id"] for _ in range(3)]
    refused = door.post()

    door.begin(ids[0])
    door.until(202)

    assert (refused.status_code, refused.json()["detail"]) == (
        429,
        "3 runs are queued, as many as this service takes. Nothing was created.",
    )


def test_too_many_that_run_close_the_door(settings: Settings, celery_app: Celery) -> None:
    """It opens when one has ended."""
    with _door(settings.model_copy(update={"max_queued_runs": 1000}), celery_app) as door:
        ids = [door.post().json()["id"] for _ in range(2)]
        for run_id in ids:
            door.begin(run_id)
        refused = door.until(429)
        door.end(ids[0])
        door.until(202)

    assert refused.json()["detail"] == "2 runs are running, as many as this service takes. Nothing was created."


def test_a_queue_that_does_not_move_closes_the_door(settings: Settings, celery_app: Celery) -> None:
    """However short it is. Reading and cancelling go on."""
    with _door(settings.model_copy(update={"max_queued_runs": 1000}), celery_app) as door:
        run_id = door.post().json()["id"]
        with door.engine.database.transaction() as session:
            session.execute(update(Run).values(created_at=runs.from_now(-2000)))
        refused = door.until(503)
        listed, cancelled = door.client.get("/v1/runs"), door.client.post(f"/v1/runs/{run_id}/cancel")
        door.until(202)

    assert (refused.json()["code"], 15 <= int(refused.headers["retry-after"]) <= 30) == ("overloaded", True)
    assert (listed.status_code, cancelled.json()["status"]) == (200, "cancelled")


def test_more_at_once_than_a_process_starts_are_refused(settings: Settings, celery_app: Celery) -> None:
    """A line that does not move grows no longer: here all wait for a table that another holds. Who reads waits for nobody."""
    settings = settings.model_copy(update={"max_queued_runs": 1000, "max_starting_runs": 6, "database_pool": 8})
    with _door(settings, celery_app) as door:
        door.post()
        with door.engine.database.engine.connect() as other, ThreadPoolExecutor(20) as callers:
            other.execute(text("LOCK TABLE runs IN SHARE MODE"))
            posted = [callers.submit(door.post) for _ in range(20)]
            refused = [one.result() for one in islice(as_completed(posted), 14)]
            listed = door.client.get("/v1/runs")
            other.rollback()
            answers = [one.result() for one in posted]
        count = door.count()

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "busy")}
    assert (listed.status_code, [answer.status_code for answer in answers].count(202), count) == (200, 6, 7)


def test_the_backlog_is_counted_up_to_its_limits(door: Door) -> None:
    """By status; what has ended does not count, and the oldest is the one that waits longest."""
    ids = [door.post().json()["id"] for _ in range(3)]
    assert door.measured()[:2] == (3, 0)

    door.begin(ids[0])
    door.end(ids[1])
    with door.engine.database.transaction() as session:
        session.execute(update(Run).where(Run.id != ids[2]).values(created_at=runs.from_now(-2000)))
        session.execute(update(Run).where(Run.id == ids[2]).values(created_at=runs.from_now(-100)))
    queued, running, oldest_s = door.measured()

    assert (queued, running, 100 <= oldest_s < 1000) == (1, 1, True)
    assert door.measured(1, 1)[:2] == (1, 1)


def test_no_backlog_is_no_age(door: Door) -> None:
    """An empty table is a young one."""
    assert door.measured() == Backlog(0, 0, 0.0)


def test_ended_runs_cost_the_reading_nothing(door: Door) -> None:
    """It goes by an index, also while the planner takes most runs for queued."""
    run_id = door.post().json()["id"]
    many = text(
        "INSERT INTO runs SELECT (jsonb_populate_record(runs, jsonb_build_object('id', runs.id || n))).*"
        " FROM runs, generate_series(1, 3000) n"
    )
    with door.engine.database.engine.begin() as connection:
        connection.execute(many)
        connection.execute(text("ANALYZE runs"))
        query = backlog.statement(100, 100).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(connection.execute(text(f"EXPLAIN {query}")).scalars())
        kept = connection.execute(select(Run.status).where(Run.id == run_id)).scalar_one()

    assert (kept, "Seq Scan" in plan) == ("queued", False), plan
