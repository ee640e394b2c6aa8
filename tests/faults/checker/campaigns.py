"""Invariants of the campaign as a whole: bounds kept, nothing left over, and something really done."""

import json
from collections.abc import Iterator

from tests.faults.checker.finding import Finding, found
from tests.faults.checker.view import View


def secrets_are_nowhere(view: View) -> Iterator[Finding]:
    """I14: no canary of a secret was found in what the service keeps, logs or answers."""
    for place in view.history.leftovers.canaries if view.history.leftovers else ():
        yield found("A secret was found.", place)


def sizes_are_bounded(view: View) -> Iterator[Finding]:
    """I15: no tool message, no event and no run's list of events is longer than it may be."""
    for _, call in view.calls():
        size = len((call.content or "").encode())
        if size > view.rules.content_bytes:
            yield found(f"A tool message has {size} bytes.", call)
    for event in view.history.events:
        size = len(json.dumps(dict(event.data))) if event.data else 0
        if size > view.rules.event_bytes:
            yield found(f"An event's data has {size} bytes.", event)
    for run in view.history.runs:
        if len(view.events_of(run)) > view.rules.events_per_run:
            yield found(f"The run has {len(view.events_of(run))} events.", run)


def nothing_is_left_over(view: View) -> Iterator[Finding]:
    """I18: when all is quiet no lease, process, transaction or Redis key without an end is left."""
    left = view.history.leftovers
    if left is None:
        return
    for kind in ("redis_keys_without_ttl", "leases", "processes", "transactions"):
        names: tuple[str, ...] = getattr(left, kind)
        if names:
            yield found(f"Left over: {kind.replace('_', ' ')}.", *names)


def recovery_is_bounded(view: View) -> Iterator[Finding]:
    """I21: after each fault work goes on within the bound promised for its kind."""
    for fault in view.history.faults:
        bound_s = view.rules.recovery_bound_s(fault.kind)
        if fault.recovered_s is not None and fault.recovered_s > bound_s:
            yield found(f"Work went on {fault.recovered_s:.1f} s after the fault; {bound_s:.0f} are promised.", fault)


def something_was_done(view: View) -> Iterator[Finding]:
    """I23: runs were completed, each kind of fault hit work in flight, each recovery was made."""
    demands, history = view.rules.demands, view.history
    completed = sum(run.status == "completed" for run in history.runs)
    if completed < demands.completed_runs:
        yield found(f"Only {completed} runs were completed; {demands.completed_runs} are the least.")
    hit = {fault.kind for fault in history.faults if fault.runs_in_flight or fault.calls_in_flight}
    for kind in sorted(demands.fault_kinds - hit):
        yield found(f"No fault of kind {kind} hit work in flight.", *(fault for fault in history.faults if fault.kind == kind))
    for path in sorted(demands.recovery_paths):
        if not history.counters.get(path):
            yield found(f"The recovery path {path} was never taken.")
    if demands.leftovers and history.leftovers is None:
        yield found("Nobody looked for what was left over.")
