"""The checker of fault campaigns: a pure function from a history to the invariants that it breaks.

The invariants have numbers; docs/reliability.md says which promise each is for. Each is one or more functions named after what they
hold; each finding shows no more of the history than it takes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tests.faults.checker import calls, campaigns, cancels, runs, transcripts, turns
from tests.faults.checker.finding import Clock, Finding, Violation, shortest, violation
from tests.faults.checker.rules import Demands, Rules
from tests.faults.checker.view import View
from tests.faults.history import History

__all__ = ["INVARIANTS", "NOT_CHECKED", "Demands", "Rules", "Violation", "check", "shortest"]

INVARIANTS: Final[Mapping[str, Sequence[Callable[[View], Iterator[Finding]]]]] = {
    "I01": (runs.accepted_runs_exist, runs.runs_end_once, runs.ended_runs_stay_as_they_are),
    "I02": (runs.a_key_is_one_run, runs.a_script_is_one_run),
    "I03": (transcripts.calls_have_one_answer, transcripts.answers_are_those_of_the_rows, transcripts.calls_end_once),
    "I04": (transcripts.runs_have_one_final_message,),
    "I05": (transcripts.stored_transcripts_are_legal, transcripts.sent_transcripts_are_legal),
    "I06": (calls.answers_come_from_the_rows_attempt, calls.no_attempt_follows_the_answer),
    "I07": (
        calls.succeeded_calls_were_executed,
        calls.attempts_share_their_calls_key,
        calls.tools_got_what_the_model_wrote,
        calls.keys_take_effect_once,
    ),
    "I08": (calls.attempts_start_once, calls.starts_are_told_once, calls.other_tools_start_at_most_once),
    "I09": (
        calls.attempts_are_bounded,
        calls.attempts_are_told,
        turns.turns_have_no_gap,
        turns.replies_are_recorded_once,
        turns.claims_count_up,
        turns.model_requests_are_explained,
        turns.stored_replies_are_never_asked_for_again,
    ),
    "I10": (
        calls.tools_start_after_the_reply_is_stored,
        calls.turns_follow_each_other,
        transcripts.the_model_reads_what_is_stored,
        transcripts.requests_belong_to_runs,
    ),
    "I11": (runs.accepted_runs_are_found, runs.statuses_never_go_back, runs.events_have_no_gap),
    "I12": (cancels.cancelled_runs_start_nothing, cancels.cancelled_tools_are_stopped, cancels.late_results_are_recorded_nowhere),
    "I14": (campaigns.secrets_are_nowhere,),
    "I15": (campaigns.sizes_are_bounded,),
    "I17": (runs.accepted_runs_are_sent,),
    "I18": (campaigns.nothing_is_left_over,),
    "I19": (turns.usage_is_the_sum_of_the_turns,),
    "I20": (runs.runs_end, runs.runs_end_soon_after_the_last_fault),
    "I21": (campaigns.recovery_is_bounded,),
    "I23": (campaigns.something_was_done,),
}

#: The other invariants, and why no history is held to them.
NOT_CHECKED: Final[Mapping[str, str]] = {
    "I13": "There are no tenants yet, so nothing can cross from one to another.",
    "I16": "Quotas are counted by tenant, and there are none yet.",
    "I22": "It compares a healthy tenant with a poisoned one, and there are no tenants yet.",
    "I24": "It is about this checker: tests break the service on purpose and see that it notices.",
}


def check(history: History, rules: Rules | None = None) -> list[Violation]:
    """All that is wrong with a history, by invariant."""
    view = View.of(history, rules or Rules())
    clock = Clock(history)
    return [violation(invariant, finding, clock) for invariant, holds in INVARIANTS.items() for hold in holds for finding in hold(view)]
