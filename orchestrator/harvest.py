"""Whether a turn that waits for its tools has something to gather, or something to send again. Asks, changes nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from orchestrator.database import Database
from orchestrator.settle import Waiting, settle
from orchestrator.store import runs, turns
from orchestrator.tables import ToolCall
from tasks.grants import CallState, Grants


class Harvest:
    """What the watcher needs to know before it rings."""

    def __init__(self, database: Database, grants: Grants, grace_s: float) -> None:
        self._database = database
        self._grants = grants
        self._grace_s = grace_s

    def is_ripe(self, run_id: str, turn: int) -> bool:
        """Whether `turn.finish` would find anything to do."""
        with self._database.transaction() as session:
            calls = turns.awaited(session, run_id, turn)
            now = runs.now(session)
        if not calls:
            return False
        states = self._grants.states([turns.key(call) for call in calls])
        ended = any(not isinstance(settle(call, state), Waiting) for call, state in zip(calls, states, strict=True))
        return ended or is_stalled(calls, states, now, self._grace_s)


def is_stalled(calls: Sequence[ToolCall], states: Collection[CallState], now: datetime, grace_s: float) -> bool:
    """Whether none of a turn's open calls runs although they were dispatched some time ago: their messages are lost, or
    were never sent."""
    if any(state.leased for state in states):
        return False
    return all(max(filter(None, (call.created_at, call.granted_at, call.not_before))) < now - timedelta(seconds=grace_s) for call in calls)
