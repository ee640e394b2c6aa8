"""Postgres: one engine for a process, short transactions, and the way to the newest schema."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session, sessionmaker

import migrations

_MIGRATIONS: Final = str(Path(migrations.__file__).parent)
#: A connection from the pool is waited for this long; a full pool is overload, not a queue.
_POOL_TIMEOUT_S: Final = 2.0


def driver_url(url: str) -> URL:
    """The URL with psycopg 3 as its driver, whichever of the usual schemes it has."""
    return make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """An engine and its transactions. Make one for each process, after any fork."""

    def __init__(self, url: str, pool: int = 16, statement_timeout_s: float = 10.0) -> None:
        timeout_ms = int(statement_timeout_s * 1000)
        self.engine = create_engine(
            driver_url(url),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=_POOL_TIMEOUT_S,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "application_name": "toolchord",
                # A transaction that idles holds locks that others wait for: the server ends it.
                "options": f"-c statement_timeout={timeout_ms} -c lock_timeout={timeout_ms}"
                f" -c idle_in_transaction_session_timeout={timeout_ms} -c timezone=UTC",
            },
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """A session that commits at the end of the block, or rolls back when it raises."""
        with self._sessions.begin() as session:
            yield session

    def at_head(self) -> bool:
        """Whether the schema is the newest that this code knows."""
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current == ScriptDirectory(_MIGRATIONS).get_current_head()

    def close(self) -> None:
        self.engine.dispose()


def upgrade(url: str) -> None:
    """Brings the database at this URL to the newest schema. Safe to run twice, and by several at once."""
    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["url"] = driver_url(url)
    command.upgrade(config, "head")
