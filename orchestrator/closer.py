"""Tells Redis of calls that were answered without their workers: they may not start any more, and are stopped if they run."""

from contextlib import suppress
from typing import Final

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.database import Database
from orchestrator.store import closings
from tasks.failpoints import reach
from tasks.grants import Grants

#: After so long nobody is at it any more.
_OVERDUE_S: Final = 2.0


class Closer:
    """Whoever answers such calls opens a closing in that transaction, and calls this after its commit. What fails here, or
    dies before, is done by the watcher."""

    def __init__(self, database: Database, grants: Grants) -> None:
        self._database = database
        self._grants = grants

    def close(self, run_id: str, turn: int) -> None:
        """Never raises for a server that is away. Safe to run twice."""
        with suppress(SQLAlchemyError, RedisError):
            with self._database.transaction() as session:
                calls = closings.answered(session, run_id, turn)
            if calls:
                self._grants.close(run_id, turn, calls)
                reach("calls.closed")
            with self._database.transaction() as session:
                closings.done(session, run_id, turn)

    def sweep(self, limit: int) -> None:
        """Closes what was left."""
        with self._database.transaction() as session:
            left = closings.overdue(session, _OVERDUE_S, limit)
        for run_id, turn in left:
            self.close(run_id, turn)
