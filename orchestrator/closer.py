"""Tells Redis of calls that were answered without their workers: they may not start any more, and are stopped if they run."""

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.database import Database
from orchestrator.store import closings
from tasks.failpoints import reach
from tasks.grants import Grants

_log = structlog.get_logger(__name__)


class Closer:
    """Whoever answers such calls opens a closing in that transaction, and calls this after its commit. What fails here, or
    dies before, is done by the watcher."""

    def __init__(self, database: Database, grants: Grants) -> None:
        self._database = database
        self._grants = grants

    def close(self, run_id: str, turn: int) -> bool:
        """Whether it is done; not when a server is away. Safe to run twice."""
        try:
            with self._database.transaction() as session:
                opened_at = closings.opened_at(session, run_id, turn)
                calls = closings.answered(session, run_id, turn)
            if opened_at is None:
                return True
            self._grants.close(run_id, turn, calls)
            reach("calls.closed")
            with self._database.transaction() as session:
                closings.done(session, run_id, turn, opened_at)
        except (SQLAlchemyError, RedisError) as error:
            _log.warning("turn_not_closed", run_id=run_id, turn=turn, error=type(error).__name__)
            return False
        return True

    def sweep(self, limit: int) -> None:
        """Closes what was left, until a server does not answer."""
        with self._database.transaction() as session:
            left = closings.left(session, limit)
        for run_id, turn in left:
            if not self.close(run_id, turn):
                return
