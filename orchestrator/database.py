"""Postgres: one engine for a process, short transactions."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session, sessionmaker

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
            # An exception that is logged must not hold what was posted.
            hide_parameters=True,
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

    def close(self) -> None:
        self.engine.dispose()
