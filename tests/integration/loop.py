"""The loop of a run under test, with a model of a few lines and the test in the worker's place."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from pydantic import JsonValue

from orchestrator import chat
from orchestrator.closer import Closer
from orchestrator.database import Database
from orchestrator.dispatch import Dispatcher
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest, RequestedCall, Usage
from orchestrator.runs import NewRun, Runs, RunView
from orchestrator.store import closings
from orchestrator.tables import RunEvent
from orchestrator.turns import Turns
from tasks.broker import connect
from tasks.grants import Grants
from tasks.messages import CallMessage, CallOutcome, Outcome, ToolResult, ToolSpec

QUESTION: dict[str, JsonValue] = {"role": "user", "content": "What is the weather?"}
SPEC = ToolSpec(
    name="get_weather",
    description="Weather.",
    parameters={"type": "object"},
    queue="io",
    timeout_s=30,
    idempotent=False,
    retries=1,
    max_result_bytes=1000,
    schema_hash="h1",
)
LOOKUP = SPEC.model_copy(update={"name": "lookup", "idempotent": True})


def asks(*names: str) -> ModelReply:
    """A reply that calls these tools."""
    calls = tuple(RequestedCall(provider_id=f"call_{i}", name=name, arguments=f'{{"n":{i}}}') for i, name in enumerate(names))
    return ModelReply(content=None, calls=calls, finish_reason="tool_calls", usage=Usage(prompt_tokens=10, total_tokens=10))


def calls(*made: tuple[str, JsonValue]) -> ModelReply:
    """A reply that calls these tools with these arguments."""
    requested = tuple(
        RequestedCall(provider_id=f"call_{i}", name=name, arguments=arguments if isinstance(arguments, str) else json.dumps(arguments))
        for i, (name, arguments) in enumerate(made)
    )
    return ModelReply(content=None, calls=requested, finish_reason="tool_calls", usage=Usage(prompt_tokens=10, total_tokens=10))


def says(text: str) -> ModelReply:
    """A reply that is an answer."""
    return ModelReply(content=text, finish_reason="stop", usage=Usage(completion_tokens=5, total_tokens=5))


@dataclass
class Model:
    """Replies in order, and keeps what it was asked."""

    replies: list[ModelReply | Exception]
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])
    meanwhile: Callable[[], None] = lambda: None

    def sent(self, number: int) -> list[dict[str, Any]]:
        """The messages of a request, in OpenAI's chat form."""
        return [chat.as_chat(message) for message in self.requests[number].messages]

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        del listener
        self.requests.append(request)
        self.meanwhile()
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Bench:
    """A run under test and everything around it."""

    def __init__(self, database: Database, redis_url: str, app: Celery, replies: Sequence[ModelReply | Exception]) -> None:
        self.database = database
        self.redis = connect(redis_url)
        self.grants = Grants(self.redis)
        self.dispatcher = dispatcher = Dispatcher(app, self.grants)
        self.closer = closer = Closer(database, self.grants)
        self.runs = Runs(database, dispatcher.advance, closer, tool_memory_s=60)
        self.model = Model(list(replies))
        self.turns = Turns(database, self.model, dispatcher, self.grants, closer, model_timeout_s=5, max_calls_per_turn=100)

    def close(self) -> None:
        self.runs.close()
        self.redis.close()

    def start(self, *, max_turns: int = 10, deadline_s: float = 600, options: dict[str, JsonValue] | None = None, **fields: Any) -> str:
        new = NewRun(
            messages=(QUESTION,),
            model="m",
            options=options or {},
            tools="all",
            max_turns=max_turns,
            max_parallel_tool_calls=8,
            deadline_s=deadline_s,
        )
        return self.runs.start(new.model_copy(update=fields))

    def run(self, **fields: Any) -> RunView:
        """A run that needs no worker, to its end."""
        run_id = self.start(**fields)
        self.turns.advance(run_id)
        return self.view(run_id)

    def events(self, run_id: str) -> list[RunEvent]:
        found = self.runs.events(run_id, 0, 1000)
        assert [event.seq for event in found] == list(range(1, len(found) + 1)), "without a gap"
        return found

    def cancel(self, run_id: str) -> None:
        """Cancels the run, and waits until Redis knows."""
        self.runs.cancel(run_id)
        self.sweep()

    def sweep(self) -> None:
        """Closes what is left to close."""
        while self._left():
            self.closer.sweep(10)

    def _left(self) -> bool:
        with self.database.transaction() as session:
            return bool(closings.left(session, 1))

    def view(self, run_id: str) -> RunView:
        return self.runs.read(run_id)

    def messages(self, run_id: str, index: int, attempt: int = 1, turn: int = 1) -> CallMessage:
        return CallMessage(run_id=run_id, turn=turn, index=index, attempt=attempt, tool="get_weather")

    def claim(self, run_id: str, index: int, attempt: int = 1, turn: int = 1) -> bool:
        return self.grants.claim(self.messages(run_id, index, attempt, turn), lease_s=60) is not None

    def complete(self, run_id: str, index: int, outcome: CallOutcome | None = None, attempt: int = 1, turn: int = 1) -> bool:
        outcome = outcome or CallOutcome(outcome=Outcome.SUCCEEDED, content=f"result {index}")
        call = self.messages(run_id, index, attempt, turn)
        result = ToolResult(call=call, result=outcome, worker="w1", queue_wait_ms=3, run_ms=300)
        return not self.grants.complete(result).stale

    def work(self, run_id: str, index: int, outcome: CallOutcome | None = None, attempt: int = 1, turn: int = 1) -> None:
        assert self.claim(run_id, index, attempt, turn)
        assert self.complete(run_id, index, outcome, attempt, turn)


Make = Callable[..., Bench]
