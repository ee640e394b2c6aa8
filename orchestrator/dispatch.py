"""From committed calls to one Celery chord: grants first, then the first calls of the window, then the rest by turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from celery import Celery, chord
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tasks.app import call_signature, finish_signature
from tasks.failpoints import reach
from tasks.grants import Grants
from tasks.messages import Grant
from tasks.names import RUN_ADVANCE, TURN_FINISH, TURNS_QUEUE

#: What a send may raise when Redis is away. Nothing is lost: the step is committed and the watcher sends again.
UNSENT: Final = (OperationalError, RedisError, OSError, RuntimeError)
#: Grants outlive their run's deadline by this much.
_GRANT_MARGIN_S: Final = 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Batch:
    """Committed calls of one turn, to be sent."""

    run_id: str
    turn: int
    grants: tuple[Grant, ...]
    window: int
    remaining_s: float
    #: That of Redis when the calls were committed; None when it did not answer.
    epoch: str | None
    #: Whether these are all of the turn's calls that wait. Else others run, and hand the window on.
    is_whole: bool


class Dispatcher:
    """Sends what was committed. Every message is a doorbell: sending one twice is harmless."""

    def __init__(self, app: Celery, grants: Grants) -> None:
        self._app = app
        self._grants = grants

    def calls(self, batch: Batch) -> bool:
        """Publishes a turn's calls as one chord whose body is `turn.finish`. At most `window` of them run at once:
        each call that ends adds the next one to the chord. Returns whether all was sent."""
        run_id, turn, now, later = batch.run_id, batch.turn, batch.grants[: batch.window], batch.grants[batch.window :]
        try:
            self._grants.put(run_id, turn, batch.grants, later, batch.remaining_s + _GRANT_MARGIN_S, anew=batch.is_whole)
            reach("calls.granted")
            self._publish(run_id, turn, now)
        except UNSENT as error:
            _log.warning("calls_unsent", run_id=run_id, turn=turn, error=type(error).__name__)
            return False
        reach("calls.published")
        return True

    def advance(self, run_id: str) -> bool:
        """Asks a coordinator to make the run's next model call."""
        return self._ring(RUN_ADVANCE, f"{run_id}.advance", {"run_id": run_id})

    def finish(self, run_id: str, turn: int, *, returned: bool = False) -> bool:
        """Asks a coordinator to gather the turn's results, and to send again what has not run if all is `returned`."""
        return self._ring(TURN_FINISH, f"{run_id}.{turn}.finish", {"run_id": run_id, "turn": turn, "returned": returned})

    def _publish(self, run_id: str, turn: int, grants: Sequence[Grant]) -> None:
        finish = finish_signature(self._app, run_id, turn)
        body = finish.clone()
        # A part that fails in Celery's own way leads to the same place as one that returns.
        body.link_error(finish)
        chord([call_signature(self._app, grant.doorbell) for grant in grants], app=self._app)(body)

    def _ring(self, task: str, task_id: str, kwargs: dict[str, object]) -> bool:
        try:
            self._app.send_task(task, kwargs=kwargs, task_id=task_id, queue=TURNS_QUEUE, ignore_result=True)
        except UNSENT as error:
            _log.warning("doorbell_unsent", task=task, error=type(error).__name__, **kwargs)
            return False
        return True
