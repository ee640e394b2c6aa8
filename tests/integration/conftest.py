"""What the integration tests share beside the servers."""

from collections.abc import Generator

import pytest
from celery import Celery
from celery.backends.redis import RedisBackend
from kombu import pools

from tasks.app import make_app


@pytest.fixture
def celery_app(redis_url: str) -> Generator[Celery]:
    """A Celery app that publishes to the test's Redis, and leaves no connection behind."""
    app = make_app("test", redis_url)
    yield app
    if isinstance(app.backend, RedisBackend):
        app.backend.client.connection_pool.disconnect()
    app.close()
    pools.reset()
