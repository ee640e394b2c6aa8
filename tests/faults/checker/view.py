"""A history with its records sorted by the run or call that they speak of."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

from orchestrator.schemas.run import RunObject, ToolCallObject
from tests.acceptance.ledger import Execution
from tests.faults.checker.rules import TERMINAL, Rules
from tests.faults.history import ClientOp, Effect, Event, History, ModelRequest

_Value = TypeVar("_Value")
Message = Mapping[str, JsonValue]


@dataclass(frozen=True)
class View:
    """What the invariants look at. Events are in their runs' order."""

    history: History
    rules: Rules
    runs: Mapping[str, RunObject]
    events: Mapping[str, Sequence[Event]]
    executions: Mapping[str, Sequence[Execution]]
    requests: Mapping[str, Sequence[ModelRequest]]
    effects: Mapping[str, Sequence[Effect]]
    ops: Mapping[str, Sequence[ClientOp]]

    @classmethod
    def of(cls, history: History, rules: Rules) -> "View":
        return cls(
            history=history,
            rules=rules,
            runs={run.id: run for run in history.runs},
            events=_grouped(sorted(history.events, key=lambda event: event.seq), lambda event: event.run_id),
            executions=_grouped(history.executions, lambda execution: execution.began.call_id),
            requests=_grouped(history.requests, lambda request: request.script),
            effects=_grouped(history.effects, lambda effect: effect.key),
            ops=_grouped(history.ops, lambda op: op.run_id or ""),
        )

    def events_of(self, run: RunObject, *types: str) -> list[Event]:
        """The run's events of some types, or all of them."""
        return [event for event in self.events.get(run.id, ()) if not types or event.type in types]

    def events_of_call(self, call: ToolCallObject) -> list[Event]:
        events = self.events.get(run_of(call.id), ())
        return [event for event in events if event.type.startswith("tool_call.") and place_of(event) == (call.turn, call.index)]

    def calls(self) -> Iterator[tuple[RunObject, ToolCallObject]]:
        for run in self.history.runs:
            for call in run.tool_calls:
                yield run, call

    def executions_of(self, call: ToolCallObject) -> Sequence[Execution]:
        return self.executions.get(call.id, ())


def run_of(call_id: str) -> str:
    """The id of the run that a call's id names."""
    return call_id.rsplit(".", 2)[0]


def place_of(event: Event) -> tuple[int, int]:
    """Turn and index of the call that an event is about."""
    return event.turn or 0, -1 if event.index is None else event.index


def is_over(run: RunObject) -> bool:
    """Whether the run has ended."""
    return run.status in TERMINAL


def said(run: RunObject) -> Sequence[Message]:
    """The messages that the run itself added: from its first model reply on."""
    if not run.turns:
        return ()
    replies = [place for place, message in enumerate(run.messages) if message["role"] == "assistant"]
    return run.messages[replies[-len(run.turns)] :] if len(replies) >= len(run.turns) else run.messages


def asked_ids(messages: Iterable[Message]) -> list[str]:
    """The ids of all tool calls in the messages."""
    return [str(call["id"]) for message in messages for call in _calls(message)]


def _calls(message: Message) -> list[dict[str, JsonValue]]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _grouped(values: Iterable[_Value], key: Callable[[_Value], str]) -> Mapping[str, Sequence[_Value]]:
    groups: defaultdict[str, list[_Value]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
