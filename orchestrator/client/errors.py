"""What can go wrong between a program and a Toolchord.

ToolchordError
├── InvalidUrl              the URL that was given is none
├── NotReached              nothing answers there, or not in time
├── NotToolchord            something else answers there
│   └── UnknownForm         a Toolchord of another version does
├── Refused                 the service refuses the request, and says why
│   ├── NotFound            there is no such run
│   └── NotNow              it cannot answer now
├── StillRunning            the run did not end in time
└── NoResult                the run ended, but not with what was asked for
    ├── NotCompleted        it failed, was cancelled or is incomplete
    ├── InvalidOutput       its answer does not fit
    └── InvalidCalls        some of its calls do not fit
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.client import ending
from orchestrator.schemas.problem import Problem
from orchestrator.schemas.run import RunObject


class ToolchordError(Exception):
    """Toolchord did not do what it was asked."""


class InvalidUrl(ToolchordError):
    """The URL of the service cannot be one."""


class NotReached(ToolchordError):
    """Nothing answers at the URL, or not in time. A run that was to be started may have been."""


class NotToolchord(ToolchordError):
    """What answers at the URL is not Toolchord, or it stands before one that is down."""


class UnknownForm(NotToolchord):
    """The service answers in a form that this version does not know."""


class Refused(ToolchordError):
    """The service refuses the request. `problem` is what it says, as RFC 9457 has it."""

    def __init__(self, problem: Problem, message: str | None = None) -> None:
        # What the detail does not say itself; then it only names the fields.
        fields = [f"{error.field}: {error.message}" for error in problem.errors if error.message not in problem.detail]
        super().__init__(message or (fields[0] if len(fields) == 1 else " ".join([problem.detail, *fields])))
        self.problem = problem


class NotFound(Refused):
    """There is no such run."""


class NotNow(Refused):
    """The service cannot answer now. `after_s` says when to ask again, if the service does."""

    def __init__(self, problem: Problem, url: str, after_s: int | None) -> None:
        again = f". Try again in {after_s} s." if after_s else ""
        super().__init__(problem, f"Toolchord at {url} cannot answer now: {problem.detail} (request {problem.request_id}){again}")
        self.after_s = after_s


class StillRunning(ToolchordError):
    """The run did not end in time. It goes on."""

    def __init__(self, run: RunObject) -> None:
        super().__init__(f"{run.id} is still {run.status}. It goes on; wait for it again, or cancel it.")
        self.run = run


class NoResult(ToolchordError):
    """The run ended, but not with what was asked for. `run` tells all of it."""

    def __init__(self, run: RunObject, message: str) -> None:
        super().__init__(message)
        self.run = run


class NotCompleted(NoResult):
    """The run failed, was cancelled or is incomplete."""

    def __init__(self, run: RunObject) -> None:
        reason = ending.reason(run)
        super().__init__(run, f"{run.id} is {run.status}{reason and f': {reason}.'}")


class InvalidOutput(NoResult):
    """The run's answer does not fit the model class, also after the repairs."""

    def __init__(self, run: RunObject, problem: str) -> None:
        super().__init__(run, f"The answer of {run.id} does not fit: {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class InvalidCall:
    """A call that is no object of the asked types."""

    #: Of the call: its run, its turn and its place in the model's reply.
    id: str
    name: str
    #: JSON text, as the model wrote it.
    arguments: str
    #: Why it is not valid, as the model was told.
    problem: str

    def __str__(self) -> str:
        return f"{self.name}({self.arguments}): {self.problem}"


class InvalidCalls(NoResult):
    """Some calls are not valid, also after the repairs. `values` are the objects of the others, by `ids`."""

    def __init__(self, run: RunObject, values: Sequence[Any], ids: Sequence[str], invalid: Sequence[InvalidCall]) -> None:
        super().__init__(run, f"{len(invalid)} of {len(values) + len(invalid)} calls are not valid: {'; '.join(map(str, invalid))}")
        self.values = tuple(values)
        self.ids = tuple(ids)
        self.invalid = tuple(invalid)
