"""Broken histories: runs, their turns and what is said in them."""

from orchestrator.llm.model import Usage
from tests.faults.checker import runs, transcripts, turns
from tests.unit.faults.breaking import Breakages, place_of
from tests.unit.faults.drafts import Draft, changed, completed, wall

BREAKAGES = Breakages()


@BREAKAGES.of(runs.accepted_runs_exist)
def _an_accepted_run_is_lost(draft: Draft) -> None:
    draft.ops.append(draft.ops[0].model_copy(update={"key": "key_9", "run_id": "run_9"}))


@BREAKAGES.of(runs.runs_end_once)
def _a_runs_end_is_not_told(draft: Draft) -> None:
    draft.events.pop()


@BREAKAGES.of(runs.runs_end_once)
def _a_run_ends_twice(draft: Draft) -> None:
    draft.event("run_2", 210, "run.failed")


@BREAKAGES.of(runs.runs_end_once)
def _a_run_goes_on_after_its_end(draft: Draft) -> None:
    draft.event("run_2", 210, "run.noted")


@BREAKAGES.of(runs.ended_runs_stay_as_they_are)
def _a_terminal_status_changes(draft: Draft) -> None:
    draft.ops.append(draft.ops[1].model_copy(update={"client": 9, "run_status": "failed"}))


@BREAKAGES.of(runs.a_key_is_one_run)
def _a_key_gives_two_runs(draft: Draft) -> None:
    draft.ops.append(draft.ops[0].model_copy(update={"client": 9, "run_id": "run_2"}))


@BREAKAGES.of(runs.a_key_is_one_run)
def _a_key_is_accepted_with_two_bodies(draft: Draft) -> None:
    draft.ops.append(draft.ops[0].model_copy(update={"client": 9, "body": "another"}))


@BREAKAGES.of(runs.a_script_is_one_run)
def _a_request_becomes_two_runs_that_no_client_saw(draft: Draft) -> None:
    completed(draft, 3, [])
    draft.edit_run(3, model="script_2")
    draft.requests.pop()


@BREAKAGES.of(runs.accepted_runs_are_found)
def _an_accepted_run_is_not_found(draft: Draft) -> None:
    told = {"sent_at": 2.0, "returned_at": 2.1, "outcome": "fail", "http_status": 404, "run_status": None}
    draft.ops.append(draft.ops[1].model_copy(update=told))


@BREAKAGES.of(runs.statuses_never_go_back)
def _a_status_goes_back(draft: Draft) -> None:
    draft.ops.append(draft.ops[1].model_copy(update={"sent_at": 12.0, "returned_at": 12.1, "run_status": "in_progress"}))


@BREAKAGES.of(runs.events_have_no_gap)
def _an_event_is_missing(draft: Draft) -> None:
    draft.events.pop(place_of(draft.events, "run_0", "tool_call.started", index=1))


@BREAKAGES.of(runs.events_have_no_gap)
def _an_acceptance_is_not_told(draft: Draft) -> None:
    draft.events.pop(place_of(draft.events, "run_2", "run.queued"))
    draft.renumber()


@BREAKAGES.of(runs.accepted_runs_are_sent)
def _a_run_is_never_begun(draft: Draft) -> None:
    _unfinished(draft, "queued")


@BREAKAGES.of(runs.runs_end)
def _a_run_never_ends(draft: Draft) -> None:
    _unfinished(draft, "in_progress")


@BREAKAGES.of(runs.runs_end_soon_after_the_last_fault)
def _a_run_ends_long_after_the_last_fault(draft: Draft) -> None:
    draft.edit_run(2, finished_at=wall(900))


@BREAKAGES.of(transcripts.calls_have_one_answer, "I05", "I10")
def _an_answer_is_missing(draft: Draft) -> None:
    messages = draft.runs[0].messages
    draft.edit_run(0, messages=[*messages[:2], *messages[3:]])


@BREAKAGES.of(transcripts.calls_have_one_answer, "I05", "I10")
def _a_call_is_answered_twice(draft: Draft) -> None:
    messages = draft.runs[0].messages
    draft.edit_run(0, messages=[*messages[:3], *messages[2:]])


@BREAKAGES.of(transcripts.answers_are_those_of_the_rows)
def _an_answer_is_not_that_of_its_row(draft: Draft) -> None:
    draft.edit_call(0, 1, content="{}")


@BREAKAGES.of(transcripts.answers_are_those_of_the_rows, "I10")
def _answers_are_out_of_order(draft: Draft) -> None:
    user, asked, first, second, *rest = draft.runs[0].messages
    draft.edit_run(0, messages=[user, asked, second, first, *rest])


@BREAKAGES.of(transcripts.answers_are_those_of_the_rows)
def _a_call_is_open_when_its_run_has_ended(draft: Draft) -> None:
    draft.edit_call(0, 1, status="in_progress", outcome=None)


@BREAKAGES.of(transcripts.calls_end_once)
def _a_calls_end_is_told_twice(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "tool_call.completed", index=1)
    draft.events.insert(place, draft.events[place])
    draft.renumber()


@BREAKAGES.of(transcripts.calls_end_once)
def _a_calls_end_is_told_otherwise(draft: Draft) -> None:
    place = place_of(draft.events, "run_0", "tool_call.completed", index=1)
    draft.events[place] = draft.events[place].model_copy(update={"data": {"outcome": "lost"}})


@BREAKAGES.of(transcripts.runs_have_one_final_message, "I03", "I09", "I10")
def _a_run_has_two_final_messages(draft: Draft) -> None:
    messages = draft.runs[0].messages
    draft.edit_run(0, messages=[*messages, messages[-1]])


@BREAKAGES.of(transcripts.runs_have_one_final_message)
def _something_follows_the_final_message(draft: Draft) -> None:
    draft.edit_run(2, messages=[*draft.runs[2].messages, {"role": "user", "content": "And?"}])


@BREAKAGES.of(transcripts.runs_have_one_final_message)
def _the_output_is_another(draft: Draft) -> None:
    draft.edit_run(2, output="Not done.")


@BREAKAGES.of(transcripts.stored_transcripts_are_legal)
def _an_illegal_message_is_stored(draft: Draft) -> None:
    draft.edit_message(2, 1, refusal=5)


@BREAKAGES.of(transcripts.sent_transcripts_are_legal, "I10")
def _an_illegal_transcript_is_sent(draft: Draft) -> None:
    draft.requests[1] = draft.requests[1].model_copy(update={"messages": draft.requests[1].messages[:-1]})


@BREAKAGES.of(transcripts.the_model_reads_what_is_stored)
def _the_model_reads_another_answer(draft: Draft) -> None:
    said = [*draft.requests[1].messages[:-1], {**draft.requests[1].messages[-1], "content": "{}"}]
    draft.requests[1] = draft.requests[1].model_copy(update={"messages": tuple(said)})


@BREAKAGES.of(transcripts.requests_belong_to_runs)
def _the_model_is_asked_for_no_run(draft: Draft) -> None:
    draft.requests.append(draft.requests[0].model_copy(update={"script": "script_9"}))


@BREAKAGES.of(turns.turns_have_no_gap)
def _a_run_has_too_many_turns(draft: Draft) -> None:
    draft.edit_run(0, max_turns=1)


@BREAKAGES.of(turns.turns_have_no_gap)
def _a_turn_is_skipped(draft: Draft) -> None:
    draft.edit_run(2, turns=changed(draft.runs[2].turns, lambda _: True, turn=2))


@BREAKAGES.of(turns.replies_are_recorded_once)
def _a_reply_is_told_twice(draft: Draft) -> None:
    _double(draft, "model_call.completed")


@BREAKAGES.of(turns.claims_count_up)
def _a_step_is_claimed_twice_as_one_attempt(draft: Draft) -> None:
    _double(draft, "model_call.started")


@BREAKAGES.of(turns.claims_count_up)
def _a_turn_is_stored_that_nobody_began(draft: Draft) -> None:
    draft.events.pop(place_of(draft.events, "run_0", "model_call.started", turn=2))
    draft.renumber()


@BREAKAGES.of(turns.model_requests_are_explained)
def _the_model_is_asked_without_end(draft: Draft) -> None:
    draft.requests += [draft.requests[-1]] * 5


@BREAKAGES.of(turns.model_requests_are_explained)
def _a_reply_came_from_nowhere(draft: Draft) -> None:
    draft.requests.pop()


@BREAKAGES.of(turns.stored_replies_are_never_asked_for_again)
def _a_stored_reply_is_asked_for_again(draft: Draft) -> None:
    draft.requests.append(draft.requests[0].model_copy(update={"at": 5.0}))


@BREAKAGES.of(turns.usage_is_the_sum_of_the_turns)
def _a_reply_is_paid_for_twice(draft: Draft) -> None:
    draft.edit_run(2, usage=draft.runs[2].usage + Usage(prompt_tokens=10, completion_tokens=2, total_tokens=12))


def _unfinished(draft: Draft, status: str) -> None:
    """Adds a run that is still open."""
    completed(draft, 3, [])
    said = draft.runs[3].messages[:1]
    draft.edit_run(3, status=status, messages=said, turns=[], usage=Usage(), output=None, finished_at=None)
    draft.events = [event for event in draft.events if event.run_id != "run_3" or event.type == "run.queued"]
    draft.ops.pop()
    draft.requests.pop()


def _double(draft: Draft, kind: str) -> None:
    place = place_of(draft.events, "run_2", kind)
    draft.events.insert(place, draft.events[place])
    draft.renumber()
