"""One attempt of a call: claim its grant, run its tool, put its result."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError

from tasks.catalogue import AnyTool, Catalogue
from tasks.context import ToolContext
from tasks.failpoints import reach
from tasks.grants import Claim, Grants
from tasks.invoke import invoke
from tasks.messages import CallMessage, CallOutcome, Doorbell, Grant, Outcome, ToolResult
from workers.leases import LEASE_S, Leases
from workers.runner import Runner

#: Between two attempts to hand over a result.
_PUT_AGAIN_S: Final = 0.3

_STOPPED: Final = CallOutcome.of_error(
    Outcome.LOST, "worker_stopped", "The worker stopped this call while it ran. It may or may not have taken effect."
)

#: Sends a progress event for the running task.
Report = Callable[[CallMessage, str, float | None], None]
#: Whether the pool's process was told to end, which it does by an exception in the midst of the tool.
Ending = Callable[[], bool]

_log = structlog.get_logger(__name__)


class Executor:
    """Runs calls for one worker process."""

    def __init__(self, catalogue: Catalogue, grants: Grants, leases: Leases, worker: str, report: Report, ending: Ending) -> None:
        self._catalogue = catalogue
        self._grants = grants
        self._leases = leases
        self._worker = worker
        self._report = report
        self._ending = ending

    def execute(self, kwargs: Mapping[str, Any]) -> Doorbell | None:
        """Runs the attempt that the message names, if it is granted. Gives the next call of its turn's window, which
        the caller publishes."""
        call = _call(kwargs)
        if call is None:
            return None
        reach("call.received")
        claim = self._grants.claim(call, LEASE_S)
        if claim is None:
            _log.info("call_not_granted", call=str(call.key), attempt=call.attempt)
            return None
        reach("call.claimed")
        started = time.monotonic()
        outcome = self._answer(claim)
        reach("call.ran")
        run_ms = round((time.monotonic() - started) * 1000)
        result = ToolResult(call=call, result=outcome, worker=self._worker, queue_wait_ms=claim.queue_wait_ms, run_ms=run_ms)
        return self._put(result)

    def _put(self, result: ToolResult) -> Doorbell | None:
        """Hands the result over, again and again while Redis is away and the lease may still stand."""
        give_up_at = time.monotonic() + LEASE_S
        while True:
            try:
                completion = self._grants.complete(result)
            except RedisError:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(_PUT_AGAIN_S)
                continue
            if completion.stale:
                _log.warning("stale_result", call=str(result.call.key), attempt=result.call.attempt)
            reach("call.put")
            return completion.waiting

    def _answer(self, claim: Claim) -> CallOutcome:
        """What the attempt comes to. Raises nothing but SystemExit, in a process that is told to end: whatever goes wrong is
        an answer for the model."""
        grant = claim.grant
        if grant is None:
            return _refused("unsupported_version", "This worker is of another version than the orchestrator.")
        tool = self._catalogue.get(grant.call.tool)
        if tool is None:
            return _refused("unknown_tool", f"No worker on this queue has a tool named {grant.call.tool}.")
        if tool.spec.schema_hash != grant.schema_hash:
            return _refused("changed_tool", f"The tool {tool.spec.name} has changed since it was offered.")
        remaining_s = grant.deadline_s - claim.queue_wait_ms / 1000
        if remaining_s <= 0:
            return CallOutcome.of_error(Outcome.TIMED_OUT, "deadline", "Not started before the run's deadline.")
        if grant.start_within_s is not None and claim.queue_wait_ms / 1000 > grant.start_within_s + grant.delay_s:
            return CallOutcome.of_error(Outcome.TIMED_OUT, "not_started", "No worker started this call in time. It did not run.")
        return self._run(tool, grant, min(grant.timeout_s, remaining_s))

    def _run(self, tool: AnyTool, grant: Grant, timeout_s: float) -> CallOutcome:
        if not tool.is_async and threading.current_thread() is not threading.main_thread():
            return _refused("wrong_pool", f"This worker's pool cannot stop {tool.spec.name}, and so does not run it.")
        context, runner = self._context(grant, timeout_s), Runner(timeout_s)

        def stop() -> None:
            context.cancel_event.set()
            runner.stop()

        with self._leases.holding(grant.call, stop, runner.kill) as held:
            outcome = invoke(tool, grant.arguments, context, runner)
        if self._ending():
            # The tool's answer is what the exception made of it. The pool's parent answers for a process that is gone.
            raise SystemExit
        return _STOPPED if held.handed_back else outcome

    def _context(self, grant: Grant, timeout_s: float) -> ToolContext:
        call = grant.call
        return ToolContext(
            run_id=call.run_id,
            tool_call_id=str(call.key),
            attempt=call.attempt,
            idempotency_key=grant.idempotency_key,
            deadline=time.monotonic() + timeout_s,
            deadline_at=datetime.now(UTC) + timedelta(seconds=timeout_s),
            on_progress=lambda message, fraction: self._report(call, message, fraction),
        )


def _call(kwargs: Mapping[str, Any]) -> CallMessage | None:
    """The message, or None when it names no call: then nobody waits for an answer either."""
    try:
        return CallMessage.model_validate(kwargs)
    except ValidationError as error:
        _log.error("message_refused", fields=sorted({str(fault["loc"][0]) for fault in error.errors()}))
        return None


def _refused(code: str, message: str) -> CallOutcome:
    return CallOutcome.of_error(Outcome.FAILED, code, message)
