"""Conversations as they are put together from rows: whatever models said, tools came to and callers posted, each provider takes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from sqlalchemy.orm import Session

from orchestrator import budget, history, sequel, transcript
from orchestrator.brief import Brief
from orchestrator.llm.errors import ModelError
from orchestrator.llm.model import TOKEN_COUNTS, ModelReply, ModelRequest, ResponseFormat, ToolOffer
from orchestrator.llm.reply import check_usable, judge
from orchestrator.llm.scripted.script import Reply
from orchestrator.messages import AssistantMessage, Message, ToolMessage
from orchestrator.record import record
from orchestrator.store import turns as store
from orchestrator.store.chain import Link
from orchestrator.store.runs import Step
from orchestrator.tables import Run, ToolCall, Turn
from tasks.messages import CallOutcome, Outcome, ToolSpec
from tests import legal
from tests.replies import OUTCOMES, POSTED, REPLIES, RESULT, RUNNING

SPECS = {
    name: ToolSpec(
        name=name,
        description="A tool.",
        parameters={"type": "object"},
        queue="io",
        timeout_s=30,
        idempotent=False,
        retries=1,
        max_result_bytes=1000,
        schema_hash="h",
    )
    for name in RUNNING
}
SCHEMA: dict[str, JsonValue] = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
EXTRACT = ToolOffer(name=RESULT, description="The result.", parameters=SCHEMA)
FORM = ResponseFormat(name="answer", answer_schema=SCHEMA)
CANCELLED = CallOutcome.of_error(Outcome.CANCELLED, "cancelled", "The run was cancelled.")


@dataclass(frozen=True)
class Told:
    """What happens in one turn: replies of which only the last is recorded, as after a crash, and how each call then ends."""

    replies: tuple[Reply, ...]
    stream: bool
    outcomes: tuple[CallOutcome, ...]
    seed: int
    is_cancelled: bool


@dataclass(frozen=True)
class Planned:
    """What happens in one run."""

    model: str
    posted: tuple[dict[str, JsonValue], ...]
    runs_tools: bool
    has_result: bool
    has_form: bool
    max_tool_calls: int | None
    turns: tuple[Told, ...]

    @property
    def specs(self) -> dict[str, ToolSpec]:
        return SPECS if self.runs_tools else {}

    @property
    def offers(self) -> tuple[ToolOffer, ...]:
        return (*map(ToolOffer.of, self.specs.values()), *([EXTRACT] if self.has_result else []))


TURNS = st.builds(
    Told,
    replies=st.lists(REPLIES, min_size=1, max_size=2).map(tuple),
    stream=st.booleans(),
    outcomes=st.lists(OUTCOMES, min_size=1, max_size=4).map(tuple),
    seed=st.integers(0, 5),
    is_cancelled=st.sampled_from([False, False, False, True]),
)
RUNS = st.builds(
    Planned,
    model=st.sampled_from(legal.SIGNING) | st.sampled_from(legal.MODELS),
    posted=POSTED,
    runs_tools=st.sampled_from([True, True, False]),
    has_result=st.booleans(),
    has_form=st.booleans(),
    max_tool_calls=st.none() | st.integers(0, 3),
    turns=st.lists(TURNS, min_size=2, max_size=4).map(tuple),
)


class Rows(Session):
    """Keeps rows, with no database behind it."""

    def flush(self, objects: Sequence[object] | None = None) -> None:
        """They stay as they are."""

    def turns(self) -> Iterator[Turn]:
        return (row for row in self.new if isinstance(row, Turn))


@dataclass
class Conversation:
    """Runs that continue each other, as rows."""

    links: list[Link] = field(default_factory=list[Link])

    def play(self, planned: Planned) -> None:
        """One more run, from its start to its end."""
        run = _row(f"run_{len(self.links)}", planned.posted, planned.max_tool_calls)
        turns: list[Turn] = []
        calls: list[ToolCall] = []
        self.links.append(Link(run, turns, calls))
        for told in planned.turns:
            reply = self._reply(planned, told)
            if reply is None:
                return  # The run has failed, and nothing of this turn is kept.
            with Rows() as rows:
                made, goes_on = self._record(rows, run, planned, reply)
                turns += rows.turns()
                calls += made
                if not goes_on:
                    return
                _end(rows, run, made, told)
            if told.is_cancelled:
                return
            run.turn += 1

    def messages(self) -> tuple[Message, ...]:
        return history.conversation(self.links)

    def _request(self, planned: Planned, told: Told) -> ModelRequest:
        form = FORM if planned.has_form else None
        return ModelRequest(
            model=planned.model, messages=self.messages(), tools=planned.offers, response_format=form, stream=told.stream, timeout_s=9
        )

    def _reply(self, planned: Planned, told: Told) -> ModelReply | None:
        reply: ModelReply | None = None
        for said in told.replies:
            try:
                reply = legal.ask(self._request(planned, told), said)
                check_usable(reply, tools_offered=bool(planned.offers))
            except ModelError:
                reply = None
        return reply

    def _record(self, rows: Rows, run: Run, planned: Planned, reply: ModelReply) -> tuple[list[ToolCall], bool]:
        """The reply's calls, and whether the run goes on."""
        results = {RESULT: SCHEMA} if planned.has_result else {}
        taken = frozenset(call.id for message in self.messages() if isinstance(message, AssistantMessage) for call in message.calls)
        verdict = budget.admit(run, judge(reply, planned.specs, run.turn, taken, 4, results))
        request = ModelRequest(model=planned.model, messages=(), response_format=FORM if planned.has_form else None, timeout_s=9)
        brief = Brief(Step(run.id, run.turn, 1), request, planned.specs, results, taken)
        calls = record(rows, run, brief, reply, verdict, 5)
        match sequel.after(run, verdict, request.response_format, has_results=planned.has_result):
            case sequel.End() as end:
                for call in calls:
                    if call.status in store.OPEN:
                        store.answer(rows, run, call, end.skipped or CANCELLED)
                return calls, False
            case sequel.Repair(feedback):
                run.repairs += 1
                for turn in rows.turns():
                    turn.feedback = feedback
            case None:
                pass
        return calls, True


def _row(run_id: str, posted: Sequence[dict[str, JsonValue]], max_tool_calls: int | None = None) -> Run:
    return Run(
        id=run_id,
        status="in_progress",
        messages=list(posted),
        turn=1,
        last_event=0,
        repairs=0,
        max_repairs=2,
        max_turns=10,
        max_tool_calls=max_tool_calls,
        used_tool_calls=0,
        **dict.fromkeys(TOKEN_COUNTS, 0),
    )


def _end(rows: Rows, run: Run, calls: Sequence[ToolCall], told: Told) -> None:
    """Ends the calls that are open, in an order that is not theirs; a cancel ends what has not ended before."""
    waiting = [call for call in calls if call.status in store.OPEN]
    for index, call in enumerate(sorted(waiting, key=lambda call: (call.call_index * 7 + told.seed) % 5)):
        is_late = told.is_cancelled and index >= told.seed
        store.answer(rows, run, call, CANCELLED if is_late else told.outcomes[index % len(told.outcomes)])


# Made smaller, a failing example would take longer than a test may.
@settings(
    deadline=None,
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(RUNS, min_size=1, max_size=3))
def test_every_conversation_is_legal_for_each_provider(runs: list[Planned]) -> None:
    """Whatever its models said and whichever they were, whatever its calls came to, wherever it was cancelled or broke off."""
    conversation = Conversation()
    for planned in runs:
        conversation.play(planned)

    legal.check_everywhere(conversation.messages(), runs[-1].offers)
    transcript.check(history.transcript(conversation.links))


def test_posted_ids_are_told_apart() -> None:
    """They come again in later messages and runs, or are too long, while turns keep the ids with which they were recorded. The
    transcript shows what was posted."""
    run, later = _row("run_0", ()), _row("run_1", ())
    run.messages = [*posted("a"), *posted("a", "x" * 41)]
    later.messages = posted("b", "a")
    turn = Turn(run_id="run_0", turn=1, provider="openai", model="m")
    call = ToolCall(run_id="run_0", turn=1, call_index=0, tool_call_id="b", name="lookup", arguments="{}", status="succeeded", content="1")
    links = [Link(run, [turn], [call]), Link(later, [], [])]

    messages = history.conversation(links)

    expected = ["a", "a_d1", "call_2", "b", "b_d1", "a_d2"]
    assert [call.id for message in messages if isinstance(message, AssistantMessage) for call in message.calls] == expected
    assert [message.tool_call_id for message in messages if isinstance(message, ToolMessage)] == expected
    assert transcript.call_ids(history.transcript(links)) == {"a", "b", "x" * 41}


def posted(*ids: str) -> list[dict[str, JsonValue]]:
    """An assistant's message with these calls, and their answers."""
    calls: list[JsonValue] = [{"id": each, "type": "function", "function": {"name": "lookup", "arguments": "{}"}} for each in ids]
    answers: list[dict[str, JsonValue]] = [{"role": "tool", "tool_call_id": each, "content": "1"} for each in ids]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *answers]
