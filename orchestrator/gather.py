"""What a turn that waits for its tools has come to: answers written, attempts opened anew, and what is to be sent again."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from orchestrator import join
from orchestrator.settle import Again, Waiting, settle
from orchestrator.store import closings, runs
from orchestrator.store import turns as store
from orchestrator.tables import Run, ToolCall
from tasks.grants import CallState
from tasks.messages import CallOutcome, ToolResult
from tasks.names import CallKey

#: What Redis knows of the turn's calls, each as its row was when Redis was asked.
Known = Mapping[tuple[int, int, datetime | None], CallState]


class Gathered(NamedTuple):
    """What a locked turn has come to."""

    #: Calls to send, and after how many seconds.
    unsent: list[tuple[ToolCall, float]]
    #: Whether those are all that the turn waits for. Else others run, and hand the window on.
    is_whole: bool
    #: Whether calls were answered without a worker's word. A closing is open for them.
    dropped: bool
    #: Calls whose results are in their rows now: Redis need not keep them.
    recorded: Sequence[CallKey]
    #: Whether no call is open.
    is_over: bool


#: Of a turn that nobody waits for any more.
NOTHING: Final = Gathered(unsent=[], is_whole=False, dropped=False, recorded=(), is_over=False)


def known(calls: Sequence[ToolCall], states: Sequence[CallState]) -> Known:
    """What Redis said of these rows."""
    return {_version(call): state for call, state in zip(calls, states, strict=True)}


def epoch_of(states: Known) -> str | None:
    """That of Redis when it was asked."""
    return next((state.epoch for state in states.values()), None)


def gather(session: Session, run: Run, states: Known, lost: Collection[CallKey] = ()) -> Gathered:
    """Settles the open calls of a locked run's turn. Those whose messages are `lost` are to be sent again."""
    calls = store.open_calls(session, run.id, run.turn)
    now = runs.now(session)
    turn = _Turn(session, run, states, now, lost)
    unsent = [(call, delay_s) for call in calls if (delay_s := turn.settle(call)) is not None]
    if outcome := join.cut(run, calls, now):
        turn.drop([call for call in calls if call.status in store.OPEN], outcome)
        unsent = []
    session.flush()
    is_over = not any(call.status in store.OPEN for call in calls)
    is_whole = not any(state.leased for state in states.values()) and len(unsent) == sum(call.status in store.OPEN for call in calls)
    recorded = [store.key(call) for call in calls if call.status not in store.OPEN]
    return Gathered(unsent, is_whole, turn.dropped, recorded, is_over)


class _Turn:
    """The rows of one turn under the run's lock."""

    def __init__(self, session: Session, run: Run, states: Known, now: datetime, lost: Collection[CallKey]) -> None:
        self._session = session
        self._run = run
        self._states = states
        self._now = now
        self._lost = lost
        self.dropped = False

    def drop(self, calls: Sequence[ToolCall], outcome: CallOutcome) -> None:
        """Answers calls whose results are not waited for."""
        for call in calls:
            store.answer(self._session, self._run, call, outcome)
        if calls:
            self.dropped = True
            closings.open_for(self._session, self._run)

    def settle(self, call: ToolCall) -> float | None:
        """Writes the call's answer if it has one. A number says that the call is to be sent, so many seconds from now."""
        state = self._states.get(_version(call))
        if state is None:
            return None
        match settle(call, state):
            case ToolResult() as result:
                store.answer_with(self._session, self._run, call, result)
            case CallOutcome() as outcome:
                store.answer(self._session, self._run, call, outcome)
            case Again(delay_s, reason):
                store.again(self._session, self._run, call, delay_s, reason)
                return delay_s
            case Waiting.RUNNING:
                pass
            case Waiting.UNSENT | Waiting.GRANTED as waiting:
                return self._wait(call, state, waiting)
        return None

    def _wait(self, call: ToolCall, state: CallState, waiting: Waiting) -> float | None:
        if join.is_late(self._run, call, state, self._now):
            self.drop([call], join.NOT_STARTED)
            return None
        early = call.not_before is not None and call.not_before > self._now
        return 0.0 if waiting is Waiting.UNSENT or (store.key(call) in self._lost and not early) else None


def _version(call: ToolCall) -> tuple[int, int, datetime | None]:
    """What Redis is asked about. A row that was granted or tried again since must be asked about anew."""
    return call.call_index, call.attempt, call.granted_at
