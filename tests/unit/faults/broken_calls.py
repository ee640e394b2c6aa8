"""Broken histories: tool calls, cancels, and the campaign as a whole."""

import json

from tasks.messages import Outcome
from tests.acceptance.ledger import Execution
from tests.faults.checker import calls, campaigns, cancels
from tests.faults.history import Leftovers
from tests.unit.faults.breaking import Breakages, place_of, rewrite
from tests.unit.faults.drafts import Draft, Planned, changed, completed

BREAKAGES = Breakages()

#: Where the executions of the clean history are: two of an idempotent call, one of another, two that pay, one cancelled.
FIRST, SECOND, OTHER, PAY, PAY_AGAIN, CANCELLED = range(6)


@BREAKAGES.of(calls.answers_come_from_the_rows_attempt)
def _a_stale_attempts_value_is_the_answer(draft: Draft) -> None:
    rewrite(draft, 0, 0, json.dumps({"call": "run_0.1.0", "attempt": 1}))


@BREAKAGES.of(calls.answers_come_from_the_rows_attempt)
def _another_calls_value_is_the_answer(draft: Draft) -> None:
    rewrite(draft, 0, 0, json.dumps({"call": "run_0.1.1", "attempt": 2}))


@BREAKAGES.of(calls.no_attempt_follows_the_answer)
def _a_calls_end_is_told_of_a_stale_attempt(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "tool_call.completed", index=0)
    draft.events[place] = draft.events[place].model_copy(update={"attempt": 1})


@BREAKAGES.of(calls.no_attempt_follows_the_answer)
def _a_call_starts_after_its_end(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "tool_call.started", index=1)
    draft.events.insert(place + 1, draft.events.pop(place))
    draft.renumber()


@BREAKAGES.of(calls.succeeded_calls_were_executed)
def _a_call_succeeds_that_never_ran(draft: Draft) -> None:
    draft.executions.pop(OTHER)


@BREAKAGES.of(calls.attempts_share_their_calls_key)
def _two_calls_have_one_key(draft: Draft) -> None:
    draft.edit_began(OTHER, idempotency_key="run_0.1.0")


@BREAKAGES.of(calls.attempts_share_their_calls_key)
def _an_attempt_has_a_key_of_its_own(draft: Draft) -> None:
    draft.edit_began(SECOND, idempotency_key="run_0.1.0.2")


@BREAKAGES.of(calls.tools_got_what_the_model_wrote)
def _a_tool_runs_with_anothers_arguments(draft: Draft) -> None:
    draft.edit_began(OTHER, arguments={"label": "run_0/0"})


@BREAKAGES.of(calls.keys_take_effect_once)
def _a_key_takes_effect_twice(draft: Draft) -> None:
    draft.effects = changed(draft.effects, lambda _: True, applied=True)


@BREAKAGES.of(calls.keys_take_effect_once)
def _a_call_succeeds_without_its_effect(draft: Draft) -> None:
    draft.effects.clear()


@BREAKAGES.of(calls.attempts_start_once)
def _an_attempt_starts_twice(draft: Draft) -> None:
    draft.executions.append(draft.executions[SECOND])


@BREAKAGES.of(calls.starts_are_told_once)
def _a_start_is_told_twice(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "tool_call.started", index=1)
    draft.events.insert(place, draft.events[place])
    draft.renumber()


@BREAKAGES.of(calls.other_tools_start_at_most_once)
def _a_tool_that_is_not_idempotent_is_tried_again(draft: Draft) -> None:
    completed(draft, 3, [Planned("nap", 2)])


@BREAKAGES.of(calls.attempts_are_bounded)
def _a_call_has_too_many_attempts(draft: Draft) -> None:
    completed(draft, 3, [Planned("linger", 4)])


@BREAKAGES.of(calls.attempts_are_bounded)
def _an_attempt_runs_that_was_never_opened(draft: Draft) -> None:
    began = draft.executions[SECOND].began.model_copy(update={"attempt": 3})
    draft.executions.append(Execution(began, None))


@BREAKAGES.of(calls.attempts_are_told)
def _an_attempt_is_not_told(draft: Draft) -> None:
    draft.events.pop(place_of(draft.events, "run_0", "tool_call.queued", index=0))
    draft.renumber()


@BREAKAGES.of(calls.tools_start_after_the_reply_is_stored)
def _a_tool_runs_before_its_call_is_stored(draft: Draft) -> None:
    draft.edit_began(OTHER, at=0.1)


@BREAKAGES.of(calls.tools_start_after_the_reply_is_stored)
def _a_tool_runs_for_no_call(draft: Draft) -> None:
    began = draft.executions[OTHER].began.model_copy(update={"call_id": "run_0.1.9", "idempotency_key": "run_0.1.9"})
    draft.executions.append(Execution(began, None))


@BREAKAGES.of(calls.turns_follow_each_other)
def _a_model_call_begins_before_all_answers_are_there(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "model_call.started", turn=2)
    draft.events.insert(place - 1, draft.events.pop(place))
    draft.renumber()


@BREAKAGES.of(calls.turns_follow_each_other)
def _a_call_starts_before_its_turns_reply(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "model_call.completed", turn=1)
    draft.events.insert(place + 1, draft.events.pop(place))
    draft.renumber()


@BREAKAGES.of(cancels.cancelled_runs_start_nothing)
def _a_tool_begins_after_the_cancel(draft: Draft) -> None:
    draft.edit_began(CANCELLED, at=110.0)


@BREAKAGES.of(cancels.cancelled_tools_are_stopped)
def _a_tool_goes_on_after_the_cancel(draft: Draft) -> None:
    _end_cancelled_at(draft, 150.0)


@BREAKAGES.of(cancels.late_results_are_recorded_nowhere)
def _a_late_result_is_recorded(draft: Draft) -> None:
    draft.edit_call(1, 0, status="succeeded", outcome=Outcome.SUCCEEDED)
    place = place_of(draft.events, "run_1", "tool_call.completed")
    draft.events[place] = draft.events[place].model_copy(update={"data": {"outcome": "succeeded"}})


@BREAKAGES.of(campaigns.secrets_are_nowhere)
def _a_secret_is_in_a_log(draft: Draft) -> None:
    draft.leftovers = Leftovers(canaries=("worker-io.log",))


@BREAKAGES.of(campaigns.sizes_are_bounded)
def _an_answer_is_too_long(draft: Draft) -> None:
    rewrite(draft, 0, 1, "x" * 70_000)


@BREAKAGES.of(campaigns.sizes_are_bounded)
def _an_event_is_too_long(draft: Draft) -> None:
    draft.events[0] = draft.events[0].model_copy(update={"data": {"told": "x" * 5_000}})


@BREAKAGES.of(campaigns.sizes_are_bounded)
def _a_run_has_too_many_events(draft: Draft) -> None:
    draft.events += [draft.events[-1].model_copy(update={"type": "run.noted"})] * 201
    draft.events.append(draft.events.pop(-202))
    draft.renumber()


@BREAKAGES.of(campaigns.nothing_is_left_over)
def _a_lease_is_left_over(draft: Draft) -> None:
    draft.leftovers = Leftovers(leases=("toolchord:run_0.1.0:lease",))


@BREAKAGES.of(campaigns.recovery_is_bounded)
def _a_recovery_takes_too_long(draft: Draft) -> None:
    draft.faults = changed(draft.faults, lambda _: True, recovered_s=30.0)


@BREAKAGES.of(campaigns.something_was_done)
def _too_few_runs_are_completed(draft: Draft) -> None:
    draft.edit_run(2, status="incomplete")
    draft.events[-1] = draft.events[-1].model_copy(update={"type": "run.incomplete"})
    draft.ops = changed(draft.ops, lambda op: op.run_id == "run_2" and op.op == "read", run_status="incomplete")


@BREAKAGES.of(campaigns.something_was_done)
def _a_fault_hits_nothing(draft: Draft) -> None:
    draft.faults = changed(draft.faults, lambda _: True, runs_in_flight=0, calls_in_flight=0)


@BREAKAGES.of(campaigns.something_was_done)
def _a_recovery_path_is_never_taken(draft: Draft) -> None:
    draft.counters["stale_result"] = 0


@BREAKAGES.of(campaigns.something_was_done)
def _nobody_looks_for_what_is_left_over(draft: Draft) -> None:
    draft.leftovers = None


def _end_cancelled_at(draft: Draft, at: float) -> None:
    began, ended = draft.executions[CANCELLED]
    assert ended
    draft.executions[CANCELLED] = Execution(began, ended.model_copy(update={"at": at}))
