"""Random runs on real Postgres and Redis: whatever happens around them, each request of theirs is legal, and so is what is left."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from sqlalchemy import func, update

from orchestrator import history, transcript
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest
from orchestrator.llm.reply import check_usable
from orchestrator.llm.scripted.script import Reply
from orchestrator.messages import Message
from orchestrator.store import chain, runs
from orchestrator.store import turns as store
from orchestrator.store.chain import Link
from orchestrator.tables import Run
from orchestrator.turns import Turns
from tasks.messages import CallOutcome, Outcome
from tests import legal
from tests.integration.loop import Bench, Make
from tests.replies import OUTCOMES, POSTED, REPLIES

#: More than any of these runs needs.
_MANY = 60
_BUSY = CallOutcome.of_error(Outcome.FAILED, "retry_wanted", "Busy.", retry_in_s=0.001)

#: What may happen to the run, by itself or while its model thinks.
Event = Literal["advance", "take over", "finish", "work", "work again", "start", "lose", "cancel", "nothing"]
_EVENTS: tuple[Event, ...] = ("work", "work", "work", "finish", "finish", "advance", "take over", "work again", "start", "lose")
_MEANWHILE: tuple[Event, ...] = (
    "nothing",
    "nothing",
    "nothing",
    "nothing",
    "nothing",
    "nothing",
    "advance",
    "take over",
    "finish",
    "cancel",
)


class Died(Exception):
    """The coordinator has died while its model thought."""


@dataclass(frozen=True)
class Thought:
    """One answer of a model, and what happens before it comes."""

    reply: Reply
    dies: bool
    meanwhile: Event


@dataclass(frozen=True)
class Happening:
    """One thing that happens while nothing else does."""

    event: Event
    place: int
    outcome: CallOutcome


@dataclass(frozen=True)
class Planned:
    """What happens to one run."""

    model: str
    posted: tuple[dict[str, JsonValue], ...]
    stream: bool
    thoughts: tuple[Thought, ...]
    happenings: tuple[Happening, ...]
    cancelled_after: int | None


HAPPENINGS = st.builds(Happening, event=st.sampled_from(_EVENTS), place=st.integers(0, 4), outcome=OUTCOMES | st.just(_BUSY))
THOUGHTS = st.builds(
    Thought,
    reply=REPLIES,
    dies=st.sampled_from([False, False, False, True]),
    meanwhile=st.sampled_from(_MEANWHILE),
)
RUNS = st.builds(
    Planned,
    model=st.sampled_from(legal.SIGNING) | st.sampled_from(legal.MODELS),
    posted=POSTED,
    stream=st.booleans(),
    thoughts=st.lists(THOUGHTS, min_size=3, max_size=5).map(tuple),
    happenings=st.lists(HAPPENINGS, min_size=5, max_size=12).map(tuple),
    cancelled_after=st.sampled_from([None, None, None, 1, 3, 5, 8]),
)


class Speaker:
    """A ChatModel that says what is planned, and at last that it is done. Raises where a request is not legal."""

    def __init__(self, planned: Planned, happen: Callable[[Event], None]) -> None:
        self._thoughts = iter(planned.thoughts)
        self._happen = happen

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        try:
            legal.check_everywhere(request.messages, request.tools)
            legal.check(request)
        except transcript.IllegalTranscript as error:  # The run would only end of it.
            raise AssertionError(error.path) from error
        thought = next(self._thoughts, Thought(Reply(content="Done."), dies=False, meanwhile="nothing"))
        self._happen(thought.meanwhile)
        if thought.dies:
            raise Died
        reply = legal.ask(request, thought.reply, listener)
        check_usable(reply, tools_offered=bool(request.tools))
        return reply


class Fate:
    """One run, and all that happens to it."""

    def __init__(self, bench: Bench, planned: Planned, previous: str | None) -> None:
        self.bench = bench
        self.run_id = bench.start(
            model=planned.model, messages=planned.posted, stream=planned.stream, previous_run_id=previous, max_turns=6
        )
        model = Speaker(planned, lambda event: self.happen(Happening(event, 0, _BUSY)))
        self.turns = Turns(bench.database, model, bench.dispatcher, bench.grants, bench.closer, model_timeout_s=5, max_calls_per_turn=4)

    def happen(self, happening: Happening) -> None:
        """Whatever it is, it may come at the wrong time."""
        match happening.event:
            case "advance":
                self._advance()
            case "take over":
                self._expire()
                self._advance()
            case "finish":
                self._finish(returned=happening.place % 2 == 0)
            case "cancel":
                self.bench.cancel(self.run_id)
            case "nothing":
                pass
            case _:
                self._work(happening)

    def end(self) -> None:
        """Goes on until the run has ended, with workers and coordinators that live."""
        for _ in range(_MANY):
            if self._run().status not in runs.OPEN:
                return
            self._expire()
            self._advance()
            for place in range(4):
                self._work(Happening("work", place, CallOutcome(outcome=Outcome.SUCCEEDED, content="1")))
            self._finish(returned=True)
        raise AssertionError("the run does not end")

    def conversation(self) -> tuple[Message, ...]:
        with self.bench.database.transaction() as session:
            run = runs.get(session, self.run_id)
            assert run is not None
            this = Link(run, store.of_run(session, run.id, raw=True), store.calls_of_run(session, run.id))
            return history.conversation([*chain.before(session, run, raw=True), this])

    def _run(self) -> Run:
        return self.bench.view(self.run_id).run

    def _advance(self) -> None:
        with suppress(Died):
            self.turns.advance(self.run_id)

    def _finish(self, *, returned: bool) -> None:
        with suppress(Died):
            self.turns.finish(self.run_id, self._run().turn, returned=returned)

    def _expire(self) -> None:
        """The lease of a step ends, as when its coordinator has died or is cut off."""
        with self.bench.database.transaction() as session:
            session.execute(update(Run).where(Run.id == self.run_id).values(step_lease_until=func.now()))

    def _work(self, happening: Happening) -> None:
        view = self.bench.view(self.run_id)
        calls = [call for call in view.calls if call.turn == view.run.turn]
        if not calls:
            return
        call = calls[happening.place % len(calls)]
        place = (self.run_id, call.call_index)
        self.bench.claim(*place, call.attempt, call.turn)
        match happening.event:
            case "work":
                self.bench.complete(*place, happening.outcome, call.attempt, call.turn)
            case "work again":
                for attempt in (call.attempt - 1, call.attempt, call.attempt):
                    self.bench.complete(*place, happening.outcome, attempt, call.turn)
            case "lose":
                self.bench.redis.delete(store.key(call).lease)
                self._finish(returned=True)
            case _:
                pass


@settings(
    deadline=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(planned=st.lists(RUNS, min_size=1, max_size=2))
def test_every_request_and_every_transcript_is_legal(make: Make, planned: list[Planned]) -> None:
    """For each provider, with replies of any kind, doubled and stale messages, lost calls, cancels and dead coordinators."""
    bench = make()
    previous: str | None = None
    for each in planned:
        fate = Fate(bench, each, previous)
        for number, happening in enumerate(each.happenings):
            fate.happen(happening)
            if number == each.cancelled_after:
                bench.cancel(fate.run_id)
        fate.end()
        previous = fate.run_id

        legal.check_everywhere(fate.conversation())
        transcript.check(bench.view(fate.run_id).messages)
