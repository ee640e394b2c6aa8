"""Invariants of turns: counted without a gap, asked for no more often than faults explain, paid for once."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby, pairwise

from orchestrator.llm.model import Usage
from tests.faults.checker.finding import Finding, found
from tests.faults.checker.view import View, said


def turns_have_no_gap(view: View) -> Iterator[Finding]:
    """I09: turns count from 1 and stay within the run's number; so do the places of a turn's calls."""
    for run in view.history.runs:
        turns = [turn.turn for turn in run.turns]
        if turns != list(range(1, len(turns) + 1)) or len(turns) > run.max_turns:
            yield found(f"The run's turns are {turns}, of {run.max_turns} at most.", run)
        for turn, calls in groupby(run.tool_calls, key=lambda call: call.turn):
            places = [(call.id, call.index) for call in calls]
            if turn not in turns or places != [(f"{run.id}.{turn}.{place}", place) for place in range(len(places))]:
                yield found(f"The calls of turn {turn} are {[name for name, _ in places]}.", run)


def replies_are_recorded_once(view: View) -> Iterator[Finding]:
    """I09: each stored turn has one event that says so."""
    for run in view.history.runs:
        told = [event.turn for event in view.events_of(run, "model_call.completed")]
        if told != [turn.turn for turn in run.turns]:
            yield found(f"The turns stored and the replies told ({told}) differ.", run, *view.events_of(run, "model_call.completed"))


def claims_count_up(view: View) -> Iterator[Finding]:
    """I09: each claim of a model step is a new attempt, and a stored turn was claimed."""
    for run in view.history.runs:
        starts = view.events_of(run, "model_call.started")
        for earlier, later in pairwise(starts):
            if (later.turn or 0, later.attempt or 0) <= (earlier.turn or 0, earlier.attempt or 0):
                yield found("A model step was claimed twice with one attempt.", earlier, later)
        missing = {turn.turn for turn in run.turns} - {event.turn for event in starts}
        if missing:
            yield found(f"Turns {sorted(missing)} were stored and never begun.", run, *starts)


def model_requests_are_explained(view: View) -> Iterator[Finding]:
    """I09: the model is asked once for each claimed step, with the retries that one step may make."""
    for run in view.history.runs:
        starts = view.events_of(run, "model_call.started")
        requests = view.requests.get(run.model, ())
        if len(requests) > len(starts) * view.rules.requests_per_claim:
            yield found(f"The model was asked {len(requests)} times in {len(starts)} claimed steps.", run, *starts, *requests)
        elif len(requests) < len(run.turns):
            yield found(f"The model was asked {len(requests)} times and answered {len(run.turns)} times.", run, *requests)


def stored_replies_are_never_asked_for_again(view: View) -> Iterator[Finding]:
    """I09: no request that begins after a turn's reply is stored asks for that reply again."""
    for run in view.history.runs:
        stored = {event.turn: event for event in view.events_of(run, "model_call.completed")}
        claims = Counter(event.turn for event in view.events_of(run, "model_call.started"))
        before = len(run.messages) - len(said(run))
        for request in view.requests.get(run.model, ()):
            turn = 1 + sum(1 for message in request.messages[before:] if message["role"] == "assistant")
            reply = stored.get(turn)
            # A claimant that was cut off may send its request late, but only where another claimed after it.
            if reply and request.at > view.history.moment(reply.at) + view.rules.slack_s and claims[turn] == 1:
                yield found(f"The reply of turn {turn} was stored and asked for again.", reply, request)


def usage_is_the_sum_of_the_turns(view: View) -> Iterator[Finding]:
    """I19: what a run has used is what its stored turns have."""
    for run in view.history.runs:
        if run.usage != sum((turn.usage for turn in run.turns), Usage()):
            yield found("The run's usage is not the sum of its turns'.", run, *run.turns)
