"""Postgres and Redis for the tests: those of DATABASE_URL and REDIS_URL, else embedded ones.

With pytest-xdist each of its processes has an embedded pair of its own: it starts in under a second, needs no lock, and
a test that kills a server or empties Redis disturbs no other.
"""

import os
import tempfile
import uuid
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import LiteralString, NamedTuple, NoReturn

import psycopg
import pytest
from psycopg import sql
from redis.exceptions import RedisError
from sqlalchemy import make_url

from orchestrator import migration
from orchestrator.embedded import EmbeddedServers
from orchestrator.processes.errors import ServerUnavailableError
from tasks.broker import connect

#: Redis has 16 numbered databases; 0 is left to who runs a Toolchord beside the tests.
_TEST_DATABASES = 15


class Servers(NamedTuple):
    """Where the test session's servers are."""

    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def servers() -> Generator[Servers]:
    """Servers that answer. A missing one skips the test on a laptop and fails it where CI is set."""
    with tempfile.TemporaryDirectory(prefix="toolchord-test-") as folder:
        Path(folder).chmod(0o755)  # Postgres runs as another user where the tests run as root.
        try:
            with EmbeddedServers(Path(folder) / "data", os.environ) as embedded:
                _check_postgres(embedded.database_url)
                _check_redis(embedded.redis_url)
                yield Servers(embedded.database_url, embedded.redis_url)
        except ServerUnavailableError as error:
            _missing(str(error))


@pytest.fixture(scope="session")
def migrated_template(servers: Servers) -> Generator[str]:
    """The name of a database with the newest schema and no rows."""
    name = f"toolchord_template_{uuid.uuid4().hex}"
    _execute(servers, "CREATE DATABASE {}", name)
    migration.upgrade(_url_of(servers, name))
    yield name
    _execute(servers, "DROP DATABASE {}", name)


@pytest.fixture
def database_url(servers: Servers, migrated_template: str) -> Generator[str]:
    """A database of the test's own, with the newest schema."""
    name = f"toolchord_test_{uuid.uuid4().hex}"
    _execute(servers, "CREATE DATABASE {} TEMPLATE {}", name, migrated_template)
    yield _url_of(servers, name)
    _execute(servers, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def redis_url(servers: Servers) -> Generator[str]:
    """A numbered database of Redis, empty and this test process's own."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = make_url(servers.redis_url).set(database=str(1 + process % _TEST_DATABASES)).render_as_string(hide_password=False)
    _flush(url)
    yield url
    _flush(url)


def _url_of(servers: Servers, name: str) -> str:
    return make_url(servers.database_url).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def _execute(servers: Servers, statement: LiteralString, *names: str) -> None:
    admin_url = make_url(servers.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _flush(url: str) -> None:
    with closing(connect(url)) as client:
        client.flushdb()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed


def _check_postgres(url: str) -> None:
    plain_url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        psycopg.connect(plain_url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        _missing(f"Postgres at DATABASE_URL does not answer: {error}")


def _check_redis(url: str) -> None:
    try:
        with closing(connect(url)) as client:
            client.ping()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
    except RedisError as error:
        _missing(f"Redis at REDIS_URL does not answer: {error}")


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
