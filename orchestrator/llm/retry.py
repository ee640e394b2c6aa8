"""The one layer of retries around a model call. The SDK's own is switched off: two layers multiply."""

import random
import threading
import time
from collections import defaultdict
from typing import Final

import stamina
import structlog

from orchestrator.llm.errors import ModelError, ModelProtocolError
from orchestrator.llm.model import SILENCE, ChatModel, Listener, ModelReply, ModelRequest
from orchestrator.llm.records import named
from orchestrator.llm.reply import check_usable
from orchestrator.llm.retry_budget import RetryBudget

_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 8.0
#: A model call that is given less time than this would only be cut off.
_SHORTEST_CALL_S: Final = 0.5
#: How often an answer that cannot be used is asked for again: its cause seldom passes, and each one costs tokens.
_UNUSABLE_RETRIES: Final = 1

_log = structlog.get_logger(__name__)


class Retrying:
    """A ChatModel that asks another one again while its error may pass, its time lasts and it has attempts left."""

    def __init__(self, model: ChatModel, attempts: int = 4) -> None:
        self._model = model
        self._attempts = attempts
        self._budgets: defaultdict[str, RetryBudget] = defaultdict(RetryBudget)
        self._lock = threading.Lock()

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """A usable reply, within `request.timeout_s`. Raises the last ModelError."""
        with self._lock:
            budget = self._budgets[named(request.model).provider]
        budget.earn()
        patience = Patience(self._attempts, request.timeout_s, budget)
        # The hook counts attempts and time itself, since only it knows how long the next wait is.
        for attempt in stamina.retry_context(on=patience.wait_s, attempts=None, timeout=None):
            with attempt:
                return self._once(request, listener, patience.left_s)
        raise AssertionError("unreachable: the last attempt raises its error")

    def _once(self, request: ModelRequest, listener: Listener, timeout_s: float) -> ModelReply:
        reply = self._model.complete(request.model_copy(update={"timeout_s": max(timeout_s, _SHORTEST_CALL_S)}), listener)
        check_usable(reply, tools_offered=bool(request.tools))
        return reply


class Patience:
    """How long and how often one model call may still be retried."""

    def __init__(self, attempts: int, timeout_s: float, budget: RetryBudget) -> None:
        self._budget = budget
        self._attempts_left = attempts
        self._unusable_left = _UNUSABLE_RETRIES
        self._ends_at = time.monotonic() + timeout_s
        self._backoff_s = _FIRST_WAIT_S

    @property
    def left_s(self) -> float:
        """Seconds until the model call must have ended."""
        return self._ends_at - time.monotonic()

    def wait_s(self, error: Exception) -> float | bool:
        """Seconds to wait before the next attempt, or False to give up."""
        if not isinstance(error, ModelError) or not self._allows(error):
            return False
        wait_s = max(error.retry_after_s or 0.0, self._next_backoff_s())
        longest_s = self.left_s - _SHORTEST_CALL_S
        allowed_s = self._budget.take(longest_s) if wait_s <= longest_s else None
        if allowed_s is None:
            return False
        wait_s = max(wait_s, allowed_s)
        _log.warning(
            "model_call_retried",
            code=error.code,
            status=error.status,
            request_id=error.request_id,
            wait_s=round(wait_s, 3),
            attempts_left=self._attempts_left,
        )
        return wait_s

    def _allows(self, error: ModelError) -> bool:
        self._attempts_left -= 1
        if isinstance(error, ModelProtocolError):
            self._unusable_left -= 1
        return error.retryable and self._attempts_left > 0 and self._unusable_left >= 0

    def _next_backoff_s(self) -> float:
        """Doubles from call to call; the jitter keeps callers that failed together from coming back together."""
        longest, self._backoff_s = self._backoff_s, min(2 * self._backoff_s, _LONGEST_WAIT_S)
        return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret.
