"""Postgres: one engine for a process, short transactions."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

import stamina
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

#: A connection from the pool is waited for this long; a full pool is overload, not a queue.
_POOL_TIMEOUT_S: Final = 2.0
#: How long a step that must not be lost is tried again.
_RETRY_S: Final = 20.0
_TRANSIENT: Final = (OperationalError, InterfaceError, PoolTimeoutError)

T = TypeVar("T")


def is_transient(error: Exception) -> bool:
    """Postgres restarts, deadlocks, sessions that were ended and the like pass; what is wrong with a statement does not."""
    return isinstance(error, _TRANSIENT) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def driver_url(url: str) -> URL:
    """The URL with psycopg 3 as its driver, whichever of the usual schemes it has."""
    return make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """An engine and its transactions. Make one for each process, after any fork."""

    def __init__(self, url: str, pool: int = 16, statement_timeout_s: float = 10.0) -> None:
        self.engine = _engine(url, pool, statement_timeout_s)
        self._reserve = _engine(url, 1, statement_timeout_s)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._reserved_sessions = sessionmaker(self._reserve, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """A session that commits at the end of the block, or rolls back when it raises."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def reserved(self) -> Generator[Session]:
        """The same on a connection that nobody else has: for leases, which must not end because the pool is busy."""
        with self._reserved_sessions.begin() as session:
            yield session

    def run(self, work: Callable[[Session], T]) -> T:
        """What the work gives, in a transaction that is tried again while Postgres is away or takes another's side. The work
        must be safe to run twice: a commit whose answer was lost may have happened."""
        for attempt in stamina.retry_context(on=is_transient, attempts=None, timeout=_RETRY_S, wait_initial=0.1, wait_max=2.0):
            with attempt, self.transaction() as session:
                return work(session)
        raise AssertionError("unreachable: the last attempt raises its error")

    def close(self) -> None:
        self.engine.dispose()
        self._reserve.dispose()


def _engine(url: str, pool: int, statement_timeout_s: float) -> Engine:
    timeout_ms = int(statement_timeout_s * 1000)
    return create_engine(
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
            # A link that was cut in silence is noticed within 8 s, and not when the system's own patience ends.
            "keepalives_idle": 5,
            "keepalives_interval": 1,
            "keepalives_count": 3,
            "tcp_user_timeout": 8000,
            # A transaction that idles holds locks that others wait for: the server ends it.
            "options": f"-c statement_timeout={timeout_ms} -c lock_timeout={timeout_ms}"
            f" -c idle_in_transaction_session_timeout={timeout_ms} -c timezone=UTC",
        },
    )
