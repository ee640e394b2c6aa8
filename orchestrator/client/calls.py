"""Typed calls: what the model asked for, as validated objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar, overload

from orchestrator.client.errors import InvalidCall
from orchestrator.client.forms import Form
from orchestrator.schemas.run import RunObject, ToolCallObject
from tasks.arguments import InvalidArguments
from tasks.messages import Outcome

T_co = TypeVar("T_co", covariant=True)

#: The error code of a call whose name no tool has.
_UNKNOWN: Final = "unknown_tool"


@dataclass(frozen=True, eq=False)
class Calls(Sequence[T_co], Generic[T_co]):
    """The objects in the order in which the model made them. Without any, `output` is what the model said instead."""

    #: The run that was asked last; `previous_run_id` continues it.
    run: RunObject
    values: tuple[T_co, ...]
    #: Of each object, the id of its call: its run, its turn and its place in the model's reply.
    ids: tuple[str, ...]
    #: What is no object of the asked types, also after the repairs.
    invalid: tuple[InvalidCall, ...] = ()

    @property
    def run_id(self) -> str:
        return self.run.id

    @property
    def output(self) -> str | None:
        """The model's text."""
        return self.run.output

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T_co]: ...
    def __getitem__(self, index: int | slice) -> T_co | Sequence[T_co]:
        return self.values[index]

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Calls({list(self.values)!r}, invalid={list(self.invalid)!r}, run_id={self.run_id!r})"


class _Read(NamedTuple):
    """One call with its object, or with what is wrong with it."""

    call: ToolCallObject
    value: Any = None
    problem: str | None = None

    @property
    def invalid(self) -> InvalidCall:
        return InvalidCall(self.call.id, self.call.name, self.call.arguments, self.problem or "")


@dataclass
class Gathered:
    """What several runs, each continuing the one before, have come to."""

    forms: Mapping[str, Form]
    valid: list[_Read] = field(default_factory=list[_Read])
    invalid: list[_Read] = field(default_factory=list[_Read])

    def take(self, run: RunObject) -> Self:
        """Adds a run that has ended. In it the model was told of what was invalid before: when it calls again, that is its
        answer to it."""
        asked = [call for call in run.tool_calls if call.name in self.forms or (call.error and call.error.code == _UNKNOWN)]
        if asked:
            self.invalid = []
        for _, turn in groupby(asked, lambda call: call.turn):
            # The service itself has told the model of what it found invalid in the turn before.
            self.invalid = [read for read in self.invalid if read.call.outcome is Outcome.SUCCEEDED]
            for read in map(self._read, turn):
                (self.valid if read.problem is None else self.invalid).append(read)
        return self

    def result(self, run: RunObject) -> Calls[Any]:
        values, ids = tuple(read.value for read in self.valid), tuple(read.call.id for read in self.valid)
        return Calls(run, values, ids, tuple(read.invalid for read in self.invalid))

    def told(self) -> str:
        """What the model is told to make it mend its calls."""
        lines = [f"- {read.invalid}" for read in self.invalid]
        return "\n".join(["These calls are not valid:", *lines, "Make each of them again with valid arguments, and no others."])

    def _read(self, call: ToolCallObject) -> _Read:
        if call.outcome is not Outcome.SUCCEEDED:
            return _Read(call, problem=call.error.message if call.error else f"The call is {call.status}.")
        try:
            return _Read(call, value=self.forms[call.name].read(call.arguments))
        except InvalidArguments as error:
            return _Read(call, problem=str(error))
