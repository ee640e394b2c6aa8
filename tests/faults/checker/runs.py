"""Invariants of runs: accepted once, ended once, read without contradiction."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from orchestrator.schemas.run import RunObject
from tests.faults.checker.finding import Finding, found
from tests.faults.checker.rules import TERMINAL
from tests.faults.checker.view import View, is_over
from tests.faults.history import ClientOp

_RANKS = {"queued": 0, "in_progress": 1, "requires_action": 1} | dict.fromkeys(TERMINAL, 2)


def accepted_runs_exist(view: View) -> Iterator[Finding]:
    """I01: a run that was accepted is there at the end."""
    for op in _accepted(view):
        if op.run_id not in view.runs:
            yield found("An accepted run is not there.", op)


def runs_end_once(view: View) -> Iterator[Finding]:
    """I01: a run that has ended has one event that says so, its last; an open run has none."""
    for run in view.history.runs:
        events = view.events_of(run)
        ends = [event for event in events if event.type.removeprefix("run.") in TERMINAL]
        wanted = [f"run.{run.status}"] if is_over(run) else []
        if [event.type for event in ends] != wanted:
            yield found(f"The run is {run.status}, and its terminal events are {[event.type for event in ends]}.", run, *ends)
        elif ends and ends[0] is not events[-1]:
            yield found("Something happened after the run's end.", *events[events.index(ends[0]) :])


def ended_runs_stay_as_they_are(view: View) -> Iterator[Finding]:
    """I01: a terminal status, once seen by anybody, is the run's last."""
    for run in view.history.runs:
        for op in view.ops.get(run.id, ()):
            if op.run_status in TERMINAL and op.run_status != run.status:
                yield found(f"A client saw the run {op.run_status}, and it is {run.status}.", op, run)


def a_key_is_one_run(view: View) -> Iterator[Finding]:
    """I02: the same key and body give the same run; the same key and another body give none."""
    by_key: defaultdict[str, list[ClientOp]] = defaultdict(list)
    for op in _accepted(view):
        if op.key is not None:
            by_key[op.key].append(op)
    for first, *others in by_key.values():
        for op in others:
            if op.body != first.body:
                yield found("One key was accepted with two bodies.", first, op)
            elif op.run_id != first.run_id:
                yield found("One request with one key gave two runs.", first, op)


def a_script_is_one_run(view: View) -> Iterator[Finding]:
    """I02: each request has a script of its own, so that a doubled run shows even where no client saw it."""
    seen: dict[str, RunObject] = {}
    for run in view.history.runs:
        first = seen.setdefault(run.model, run)
        if first is not run:
            yield found("One request became two runs.", first, run)


def accepted_runs_are_found(view: View) -> Iterator[Finding]:
    """I11: once a client has a run's id, no read says 404."""
    for run_id, ops in view.ops.items():
        accepted = min((op for op in ops if _is_accepted(op)), key=lambda op: op.returned_at, default=None)
        if not run_id or accepted is None:
            continue
        for op in ops:
            if op.http_status == 404 and op.sent_at > accepted.returned_at:
                yield found("An accepted run was not found.", accepted, op)


def statuses_never_go_back(view: View) -> Iterator[Finding]:
    """I11: what one client sees of a run only moves forward."""
    for ops in view.ops.values():
        by_client: defaultdict[int, list[ClientOp]] = defaultdict(list)
        for op in sorted(ops, key=lambda op: op.returned_at):
            if op.run_status in _RANKS and op.run_id:
                by_client[op.client].append(op)
        for seen in by_client.values():
            for earlier, later in pairwise(seen):
                if later.sent_at >= earlier.returned_at and _rank(later) < _rank(earlier):
                    yield found("A run's status went back.", earlier, later)


def events_have_no_gap(view: View) -> Iterator[Finding]:
    """I11: a run's events are numbered from 1, each number once, and only the first is its acceptance."""
    for run in view.history.runs:
        events = view.events_of(run)
        wrong = next((event for seq, event in enumerate(events, start=1) if event.seq != seq), None)
        if wrong is not None:
            place = events.index(wrong)
            yield found(f"Event {place + 1} of the run is not there, or one is there twice.", *events[max(0, place - 1) : place + 1])
        elif [event.seq for event in events if event.type == "run.queued"] != [1]:
            yield found("The first event of the run, and no other, is run.queued.", run, *events[:1])


def accepted_runs_are_sent(view: View) -> Iterator[Finding]:
    """I17: what was committed was also sent: no run still waits for its first model call."""
    for run in view.history.runs:
        if run.status == "queued":
            yield found("The run was committed and never begun.", run, *view.events_of(run))


def runs_end(view: View) -> Iterator[Finding]:
    """I20: every run that began has ended."""
    for run in view.history.runs:
        if not is_over(run) and run.status != "queued":
            yield found("The run never ended.", run, *view.events_of(run)[-3:])


def runs_end_soon_after_the_last_fault(view: View) -> Iterator[Finding]:
    """I20: with nothing in the way, a run ends in bounded time."""
    healed_at, bound_s = view.history.campaign.healed_at, view.rules.heal_s
    for run in view.history.runs:
        if run.finished_at is None:
            continue
        took_s = view.history.moment(run.finished_at) - max(healed_at, view.history.moment(run.created_at))
        if took_s > bound_s:
            yield found(f"The run went on for {took_s:.1f} s after the last fault; {bound_s:.0f} are allowed.", run)


def _accepted(view: View) -> Iterator[ClientOp]:
    return filter(_is_accepted, view.history.ops)


def _is_accepted(op: ClientOp) -> bool:
    return op.op == "start" and op.outcome == "ok" and op.run_id is not None


def _rank(op: ClientOp) -> int:
    return _RANKS[op.run_status or ""]
