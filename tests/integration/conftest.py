"""What the integration tests share beside the servers."""

from collections.abc import Generator, Iterator

import pytest
from celery import Celery
from celery.backends.redis import RedisBackend
from kombu import pools
from pydantic import SecretStr
from starlette.testclient import TestClient

from orchestrator.app import create_app, services
from orchestrator.database import Database
from orchestrator.engine import Engine
from orchestrator.llm.model import ModelReply
from orchestrator.settings import Settings
from orchestrator.store import tools
from orchestrator.store.tools import Offer
from tasks.app import make_app
from tests.integration.loop import LOOKUP, SPEC, Bench, Make


@pytest.fixture
def celery_app(redis_url: str) -> Generator[Celery]:
    """A Celery app that publishes to the test's Redis, and leaves no connection behind."""
    app = make_app("test", redis_url)
    yield app
    if isinstance(app.backend, RedisBackend):
        app.backend.client.connection_pool.disconnect()
    app.close()
    pools.reset()


@pytest.fixture
def engine(database_url: str, redis_url: str, celery_app: Celery) -> Iterator[Engine]:
    """What the API works with, and a second way to its tables."""
    engine = Engine(Settings(database_url=SecretStr(database_url), redis_url=SecretStr(redis_url)), celery_app)
    yield engine
    engine.close()


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    """A caller of the API."""
    with TestClient(create_app(lambda: services(engine))) as client:
        yield client


@pytest.fixture
def make(database_url: str, redis_url: str, celery_app: Celery) -> Generator[Make]:
    """Makes a run's surroundings from the model's replies."""
    database = Database(database_url, pool=4)
    with database.transaction() as session:
        tools.keep(session, {(spec.name, spec.schema_hash): Offer(spec, 1) for spec in (SPEC, LOOKUP)})
    benches: list[Bench] = []

    def bench(*replies: ModelReply | Exception) -> Bench:
        benches.append(Bench(database, redis_url, celery_app, replies))
        return benches[-1]

    yield bench
    for made in benches:
        made.close()
    database.close()
