"""Transactions on a Postgres that is busy or ends a session."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from orchestrator.database import Database, is_transient


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Two connections, and no patience with sessions that idle in a transaction."""
    database = Database(database_url, pool=2, statement_timeout_s=0.3)
    yield database
    database.close()


def test_a_lease_is_renewed_while_the_pool_is_taken(database: Database) -> None:
    """Its connection is nobody else's, so a busy process does not lose what it holds."""
    with ExitStack() as taken:
        for _ in range(2):
            taken.enter_context(database.engine.connect())
        with pytest.raises(PoolTimeoutError), database.transaction() as session:
            session.execute(text("select 1"))
        with database.reserved() as session:
            renewed = session.execute(text("select 1")).scalar_one()

    assert renewed == 1


def test_a_session_that_was_ended_is_tried_again(database: Database) -> None:
    """A process that was stopped for a while within a transaction goes on with another."""
    pauses = iter((1.0, 0.0))

    def work(session: Session) -> int:
        session.execute(text("select 1"))
        time.sleep(next(pauses))
        return session.execute(text("select 2")).scalar_one()

    assert database.run(work) == 2


def test_a_statement_that_is_wrong_is_not_tried_again(database: Database) -> None:
    """It would be wrong again."""
    with pytest.raises(ProgrammingError) as raised, database.transaction() as session:
        session.execute(text("select nothing"))

    assert not is_transient(raised.value)
    assert isinstance(raised.value, DBAPIError)
