"""Invariants of tool calls: what ran, how often, and whose answer was kept."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from orchestrator.schemas.run import ToolCallObject
from tests.acceptance.ledger import Execution
from tests.faults.checker.finding import Finding, found
from tests.faults.checker.view import View, place_of, run_of


def answers_come_from_the_rows_attempt(view: View) -> Iterator[Finding]:
    """I06: a value names the call and attempt that made it, and these are the row's."""
    for _, call in view.calls():
        value = _object(call.content) if call.status == "succeeded" else {}
        if {"call", "attempt"} <= value.keys() and (value["call"], value["attempt"]) != (call.id, call.attempt):
            yield found("The answer is that of another attempt than the row's.", call, *view.executions_of(call))


def no_attempt_follows_the_answer(view: View) -> Iterator[Finding]:
    """I06: the answer is that of the latest attempt: the event of the end names it, and none was opened since."""
    for _, call in view.calls():
        events = view.events_of_call(call)
        end = next((event for event in events if event.type == "tool_call.completed"), None)
        if end is None:
            continue
        if end.attempt != call.attempt:
            yield found("The call's end was told of another attempt than the row's.", call, *events)
        later = [event for event in events if event.seq > end.seq and event.type != "tool_call.completed"]
        if later:
            yield found("Something happened to a call after its end.", end, *later)


def succeeded_calls_were_executed(view: View) -> Iterator[Finding]:
    """I07: an answer with a value comes from a tool that ran."""
    for _, call in view.calls():
        executions = view.executions_of(call)
        if call.status == "succeeded" and call.attempt not in {execution.began.attempt for execution in executions}:
            yield found("The call succeeded, and the attempt that answered it never ran.", call, *executions)


def attempts_share_their_calls_key(view: View) -> Iterator[Finding]:
    """I07: all attempts of a call have one idempotency key, which no other call has."""
    owners: dict[str, Execution] = {}
    keys: dict[str, Execution] = {}
    for execution in view.history.executions:
        began = execution.began
        owner = owners.setdefault(began.idempotency_key, execution)
        if owner.began.call_id != began.call_id:
            yield found("Two calls had one idempotency key.", owner, execution)
        first = keys.setdefault(began.call_id, execution)
        if first.began.idempotency_key != began.idempotency_key:
            yield found("Two attempts of a call had different idempotency keys.", first, execution)


def tools_got_what_the_model_wrote(view: View) -> Iterator[Finding]:
    """I07: an execution is of the call's tool, with the call's arguments."""
    for _, call in view.calls():
        arguments = _object(call.arguments)
        for execution in view.executions_of(call):
            began = execution.began
            if began.tool != call.name or any(began.arguments.get(name, value) != value for name, value in arguments.items()):
                yield found("The tool ran with other arguments than the model wrote.", call, execution, began.arguments)


def keys_take_effect_once(view: View) -> Iterator[Finding]:
    """I07: outside, a key takes effect once, however often it comes; that of a succeeded call does."""
    for key, effects in view.effects.items():
        applied = [effect for effect in effects if effect.applied]
        if len(applied) != 1:
            yield found(f"The key {key} took effect {len(applied)} times.", *effects)
    for _, call in view.calls():
        done = [effect for execution in view.executions_of(call) for effect in view.effects.get(execution.began.idempotency_key, ())]
        if call.name in view.history.campaign.bank_tools and call.status == "succeeded" and not done:
            yield found("The call succeeded without its effect.", call, *view.executions_of(call))


def attempts_start_once(view: View) -> Iterator[Finding]:
    """I08: a grant is claimed once: no attempt of any call is started twice."""
    for executions in view.executions.values():
        times = Counter(execution.began.attempt for execution in executions)
        for attempt in (attempt for attempt, count in times.items() if count > 1):
            twice = [execution for execution in executions if execution.began.attempt == attempt]
            yield found(f"Attempt {attempt} of the call was started {len(twice)} times.", *twice)


def starts_are_told_once(view: View) -> Iterator[Finding]:
    """I08: no attempt's start is told twice. It may be missing: it comes from Celery's events, which may be lost."""
    for _, call in view.calls():
        told = [event for event in view.events_of_call(call) if event.type == "tool_call.started"]
        if len({event.attempt for event in told}) < len(told):
            yield found("One attempt's start was told twice.", call, *told)


def other_tools_start_at_most_once(view: View) -> Iterator[Finding]:
    """I08: a call of a tool that is not idempotent is started at most once."""
    for executions in view.executions.values():
        if len(executions) > 1 and executions[0].began.tool not in view.history.campaign.idempotent_tools:
            yield found("A call of a tool that is not idempotent was started more than once.", *executions)


def attempts_are_bounded(view: View) -> Iterator[Finding]:
    """I09: no call has more attempts than it may have, and no attempt runs that was not opened."""
    for _, call in view.calls():
        executions = view.executions_of(call)
        if call.attempt > call.max_attempts or len({execution.began.attempt for execution in executions}) > call.max_attempts:
            yield found(f"The call had more than its {call.max_attempts} attempts.", call, *executions)
        ahead = [execution for execution in executions if not 1 <= execution.began.attempt <= call.attempt]
        if ahead:
            yield found("An attempt ran that the call never had.", call, *ahead)


def attempts_are_told(view: View) -> Iterator[Finding]:
    """I09: each attempt beyond the first has one event that opens it, in order."""
    for _, call in view.calls():
        opened = [event for event in view.events_of_call(call) if event.type == "tool_call.queued"]
        if [event.attempt for event in opened] != list(range(2, call.attempt + 1)):
            yield found("The events that open attempts are not those of the call's attempts.", call, *opened)


def tools_start_after_the_reply_is_stored(view: View) -> Iterator[Finding]:
    """I10: what runs was committed before: an execution's call is stored, and its turn's reply was when it began."""
    calls = {call.id: call for _, call in view.calls()}
    replies = {(event.run_id, event.turn): event for event in view.history.events if event.type == "model_call.completed"}
    for execution in view.history.executions:
        call = calls.get(execution.began.call_id)
        if call is None:
            yield found("A tool ran for a call that is not there.", execution)
            continue
        reply = replies.get((run_of(call.id), call.turn))
        if reply is None or view.history.moment(reply.at) > execution.began.at + view.rules.slack_s:
            yield found("A tool ran before its call was committed.", execution, *([reply] if reply else []))


def turns_follow_each_other(view: View) -> Iterator[Finding]:
    """I10: in a run's events a tool call comes after its turn's reply, and a model call after all answers before it."""
    for run in view.history.runs:
        open_calls: dict[tuple[int, int], ToolCallObject] = {}
        replied = 0
        for event in view.events_of(run):
            turn = event.turn or 0
            if event.type == "model_call.completed":
                replied = turn
                open_calls = {(call.turn, call.index): call for call in run.tool_calls if call.turn == turn}
            elif event.type == "model_call.started" and (open_calls or turn != replied + 1):
                yield found("A model call began before all earlier calls were answered.", event, *open_calls.values())
            elif event.type.startswith("tool_call.") and turn != replied:
                yield found("A tool call was under way in another turn than the run's.", event)
            if event.type == "tool_call.completed":
                open_calls.pop(place_of(event), None)


def _object(text: str | None) -> dict[str, Any]:
    """The JSON object in a text, or nothing."""
    try:
        value = json.loads(text or "null")
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
