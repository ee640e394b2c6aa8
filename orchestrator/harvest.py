"""Whether a turn that waits for its tools has something to gather, or something to send again. Asks, changes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from redis import Redis

from orchestrator.database import Database
from orchestrator.join import is_late
from orchestrator.settle import Waiting, settle
from orchestrator.store import runs, turns
from orchestrator.tables import Run, ToolCall
from tasks.grants import CallState, Grants
from tasks.names import CallKey


class Finding(Enum):
    """What `turn.finish` would find to do."""

    RIPE = "a call has ended, or is ended"
    STALLED = "calls do not run, and their messages are lost"


class Harvest:
    """What the watcher needs to know before it rings."""

    def __init__(self, database: Database, grants: Grants, redis: Redis, grace_s: float) -> None:
        self._database = database
        self._grants = grants
        self._redis = redis
        self._grace = timedelta(seconds=grace_s)

    def look(self, run_id: str, turn: int) -> Finding | None:
        """What there is to do for the turn."""
        with self._database.transaction() as session:
            run, calls = runs.glance(session, run_id), turns.awaited(session, run_id, turn)
            now = runs.now(session)
        if run is None or not calls:
            return None
        states = self._grants.states([turns.key(call) for call in calls])
        if any(_has_ended(run, call, state, now) for call, state in zip(calls, states, strict=True)):
            return Finding.RIPE
        return Finding.STALLED if self._is_stalled(run, calls, states, now) else None

    def _is_stalled(self, run: Run, calls: Sequence[ToolCall], states: Sequence[CallState], now: datetime) -> bool:
        """Whether calls were sent some time ago and do not run. While others wait in their queues these may be late and not
        lost: they are sent again after twice the time each time, so that a long queue does not grow by its own length."""
        late = [call for call, state in zip(calls, states, strict=True) if not state.leased and _waited(call, now) > self._grace]
        if not late:
            return False
        lost = unpublished(self._grants, run.id, run.turn, calls, states)
        stuck = [call for call in late if turns.key(call) in lost]
        return any(_waited(call, now) > _tried(call) for call in stuck) or (bool(stuck) and not self._is_busy(stuck))

    def _is_busy(self, calls: Sequence[ToolCall]) -> bool:
        return any(self._redis.llen(queue) for queue in {call.queue for call in calls if call.queue is not None})


def unpublished(grants: Grants, run_id: str, turn: int, calls: Sequence[ToolCall], states: Sequence[CallState]) -> frozenset[CallKey]:
    """The unclaimed calls that nobody will publish if their messages are lost: those that wait for no place in the turn's
    window, and all of them where no call runs that could make place."""
    waiting = {turns.key(call) for call, state in zip(calls, states, strict=True) if not state.leased and not _has_result(call, state)}
    if waiting and any(state.leased for state in states):
        waiting -= grants.in_window(run_id, turn)
    return frozenset(waiting)


def _has_result(call: ToolCall, state: CallState) -> bool:
    """Of this attempt; that of an earlier one stays where it was."""
    return state.result is not None and state.result.call.attempt == call.attempt


def _has_ended(run: Run, call: ToolCall, state: CallState, now: datetime) -> bool:
    return not isinstance(settle(call, state), Waiting) or (not state.leased and is_late(run, call, now))


def _due(call: ToolCall) -> datetime:
    """When the attempt was to be sent."""
    return max(filter(None, (call.created_at, call.not_before)))


def _waited(call: ToolCall, now: datetime) -> timedelta:
    """Since it was sent last, or was to be sent."""
    return now - max(filter(None, (_due(call), call.granted_at)))


def _tried(call: ToolCall) -> timedelta:
    """Between the first time that it was sent and the last."""
    return call.granted_at - _due(call) if call.granted_at else timedelta()
