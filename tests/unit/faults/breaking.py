"""Ways to break a clean history, each entered for the function of the checker that must see it."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tests.faults.checker import INVARIANTS
from tests.faults.checker.finding import Finding
from tests.faults.checker.view import View
from tests.faults.history import Event
from tests.unit.faults.drafts import Draft

Holds = Callable[[View], Iterator[Finding]]
Apply = Callable[[Draft], None]


class Breakage(NamedTuple):
    """One way to break a history, and the ids of the invariants that it breaks."""

    apply: Apply
    holds: Holds
    invariants: frozenset[str]

    def __str__(self) -> str:
        return self.apply.__name__.strip("_")


class Breakages(list[Breakage]):
    """The ways that a module knows, by their names."""

    def __call__(self, name: str) -> Apply:
        return next(breakage.apply for breakage in self if str(breakage) == name)

    def of(self, holds: Holds, *also: str) -> Callable[[Apply], Apply]:
        """Enters a way to break what a function holds. `also` are other invariants that it cannot but break."""

        def enter(apply: Apply) -> Apply:
            own = next(invariant for invariant, functions in INVARIANTS.items() if holds in functions)
            self.append(Breakage(apply, holds, frozenset({own, *also})))
            return apply

        return enter


def place_of(events: Sequence[Event], run: str, kind: str, **fields: object) -> int:
    """Where the first such event is."""
    wanted = {"run_id": run, "type": kind, **fields}
    return next(place for place, event in enumerate(events) if wanted.items() <= dict(event).items())


def rewrite(draft: Draft, number: int, index: int, content: str) -> None:
    """Changes a call's answer wherever it is: in its row, in the transcript, and in what the model was sent."""
    call = draft.runs[number].tool_calls[index]
    draft.edit_call(number, index, content=content)
    place = next(place for place, said in enumerate(draft.runs[number].messages) if said.get("tool_call_id") == call.tool_call_id)
    draft.edit_message(number, place, content=content)
    stored = draft.runs[number].messages
    for at, request in enumerate(draft.requests):
        if request.script == draft.runs[number].model and len(request.messages) > place:
            draft.requests[at] = request.model_copy(update={"messages": tuple(stored[: len(request.messages)])})
