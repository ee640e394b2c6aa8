"""What becomes of a call whose process dies: the pool's parent gives the answer."""

import os
import signal
from contextlib import suppress
from typing import Any, ClassVar

import structlog
from billiard import common
from billiard.einfo import ExceptionInfo
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request
from pydantic import ValidationError
from redis.exceptions import RedisError

from tasks.app import ring
from tasks.failpoints import reach
from tasks.grants import Grants
from tasks.messages import CallMessage, CallOutcome, Outcome, ToolResult

_KILLED = CallOutcome.of_error(Outcome.TIMED_OUT, "timed_out", "The tool did not stop when its time was over and was killed.")
_LOST = CallOutcome.of_error(
    Outcome.LOST, "outcome_unknown", "The worker process died while this call ran. It may or may not have taken effect."
)

#: How the pool says that the process of a call is gone.
_DEATHS = (TimeLimitExceeded, WorkerLostError, SystemExit, KeyboardInterrupt)

_log = structlog.get_logger(__name__)


def is_ending() -> bool:
    """Whether this pool process was told to end, which raises SystemExit in whatever it runs."""
    return bool(common.terminate_handler_fired())  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownArgumentType] - not in the stubs


class CallRequest(Request):
    """A `tool.call` as the pool's parent sees it. A result that the child managed to put wins: the lease decides."""

    #: Set when the worker starts.
    grants: ClassVar[Grants]

    def on_timeout(self, soft: bool, timeout: float) -> None:  # noqa: FBT001 - Celery's signature
        """The pool has killed the child, because the tool ignored its own timeout."""
        if not soft:
            self._put(_KILLED)
        super().on_timeout(soft, timeout)

    def on_failure(self, exc_info: ExceptionInfo, send_failed_event: bool = True, return_ok: bool = False) -> Any:  # noqa: FBT001, FBT002 - Celery's signature
        """The child died: killed by the pool, which says so here before it calls `on_timeout`; from outside, out of memory,
        or by the tool itself. Any other exception is a fault of ours in a process that lives; the lease ends by itself."""
        # The exception itself may come wrapped.
        if exc_info.type is not None and issubclass(exc_info.type, _DEATHS):
            self._bury()
            self._put(_KILLED if exc_info.type is TimeLimitExceeded else _LOST)
        return super().on_failure(exc_info, send_failed_event, return_ok)

    def _bury(self) -> None:
        """Kills what the tool left behind in its process's group."""
        if self.worker_pid is not None and int(self.worker_pid) != os.getpid():
            with suppress(ProcessLookupError):
                os.killpg(int(self.worker_pid), signal.SIGKILL)

    def _put(self, outcome: CallOutcome) -> None:
        reach("child.lost")
        try:
            call = CallMessage.model_validate(self.kwargs)
            result = ToolResult(call=call, result=outcome, worker=self.hostname, queue_wait_ms=0, run_ms=0)
            # The next call of the window is left to the chord's callback: only a task can add to its chord.
            self.grants.complete(result, take_next=False)
            reach("child.answered")
            # Celery delivers the message once more before it counts the part, and the turn's other parts may take long.
            ring(self.task.app, str(self.id))
        except (ValidationError, RedisError) as error:
            # The lease ends by itself, and then the call counts as lost.
            _log.warning("answer_unsent", task_id=self.id, error=type(error).__name__)
