"""How calls and runs end: the words of the code, each with its meaning. A word without a meaning fails, and so does a
meaning whose word is gone."""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, get_args

from orchestrator.llm.reply import Reason as Cut
from orchestrator.schemas.run import IncompleteDetails
from orchestrator.tables import RUN_STATUSES
from scripts.reference import source
from scripts.reference.markdown import code, codes, table
from tasks.messages import Outcome

_WORD: Final = re.compile(r"[a-z]+(_[a-z]+)*")

_STATUSES: Final[Mapping[str, str]] = {
    "queued": "Accepted; no coordinator has begun.",
    "in_progress": "The model is asked, or tools are awaited.",
    "requires_action": "Reserved: no run is in this state in this version.",
    "completed": "The model answered; `output` holds its answer. Final.",
    "incomplete": "A limit or a filter ended the run, see `incomplete_details`. Final.",
    "failed": "The model call failed, see `error`. Final.",
    "cancelled": "Somebody cancelled it. Final.",
}
_OUTCOMES: Final[Mapping[str, str]] = {
    "succeeded": "The tool returned a value.",
    "failed": "The tool could not answer, or could not be called. The error's code says which.",
    "timed_out": "The tool's timeout or a deadline of the run passed.",
    "cancelled": "The run was cancelled, or a turn that fails fast was.",
    "denied": "The reply that asked for the call was refused or filtered. The call was not started.",
    "skipped": "A limit stopped the call before it started.",
    "lost": "The worker was lost while the call ran. It may or may not have taken effect.",
}
_CODES: Final[Mapping[str, str]] = {
    "cancelled": "The run was cancelled before the call was answered.",
    "changed_tool": "No live worker of the queue has the version of the tool that the model was shown.",
    "content_filter": "The provider's content filter stopped the reply that holds the call.",
    "deadline": "The run's deadline passed before the call was answered.",
    "final_answer_not_alone": "The model gave the final answer beside other calls, whose results it did not know yet.",
    "invalid_arguments": "The arguments are no JSON object, or do not fit the tool's parameters. The message names each field.",
    "max_cost_usd": "The run has used all its `max_cost_usd`.",
    "max_tool_calls": "The run has used all its `max_tool_calls`.",
    "max_total_tokens": "The run has used all its `max_total_tokens`.",
    "max_turns": "The run has used all its turns.",
    "not_started": "No worker started the call within the run's `start_within_s`. It did not run.",
    "outcome_unknown": "The worker was lost while the call ran.",
    "refusal": "The model refused to answer in the reply that holds the call.",
    "retry_wanted": "The tool raised `RetryTool` and has no attempt left.",
    "sibling_failed": "Another call of the turn failed, and the run is to `fail_fast`.",
    "timed_out": "The attempt did not end within the tool's timeout.",
    "too_many_calls": "The reply holds more calls than `TOOLCHORD_MAX_CALLS_PER_TURN`.",
    "tool_error": "The tool raised any other exception. The worker's log has its class and traceback, and nobody its text.",
    "tool_failed": "The tool raised `ToolFailed`; the message is the tool's.",
    "tool_input_error": "The tool raised `ToolInputError`; the message is the tool's.",
    "turn_deadline": "The run's `turn_deadline_s` passed before the call was answered.",
    "truncated_call": "The reply was cut off at its token limit, and this is its last call.",
    "worker_stopped": "The worker was told to stop, and the call took longer than `TOOLCHORD_STOP_GRACE_S`; or it could not reach Redis.",
    "wrong_pool": "The worker's pool could not stop the tool, and so did not run it.",
    "unknown_tool": "The run offers no tool of this name, or no live worker of its queue has one.",
    "unserialisable_result": "The returned value cannot be written as JSON.",
    "unsupported_version": "No live worker of the queue is of the version of the orchestrator that sent the call.",
}
_INCOMPLETE: Final[Mapping[str, str]] = {
    "content_filter": "The provider's content filter stopped the answer.",
    "deadline": "The run's `deadline_s` passed.",
    "invalid_output": "The answer did not have the `response_format`, and was not mended within `max_repairs`. `output` holds it.",
    "invalid_tool_calls": "Calls that are the result were not valid, and were not mended within `max_repairs`.",
    "max_cost_usd": "The model calls have cost `max_cost_usd`.",
    "max_output_tokens": "The answer was cut off at the token limit. `output` holds what there is.",
    "max_total_tokens": "The model calls have used `max_total_tokens`.",
    "max_turns": "The model still asked for tools in its last turn.",
    "refusal": "The model refused to answer.",
}
_RUN_ERRORS: Final[Mapping[str, str]] = {
    "authentication_failed": "The provider does not accept the key.",
    "content_filter": "The provider's content filter refused the messages.",
    "context_length_exceeded": "Messages and tools are longer than the model can read.",
    "empty_reply": "The model answered with neither text nor tool calls, twice.",
    "illegal_transcript": "The messages would be refused by the provider. A fault of Toolchord: please report it.",
    "internal_error": "The model's reply could not be kept. A fault of Toolchord: please report it.",
    "invalid_request": "The provider refused the request as invalid.",
    "model_misconfigured": "The model client is not set up.",
    "model_not_found": "The provider has no such model, deployment or path.",
    "permission_denied": "The key may not use this model.",
    "provider_not_configured": "The model's provider is none that is known, or the coordinator has not its SDK or its key.",
    "provider_error": "The provider answered with an error in place of a reply.",
    "provider_protocol": "The provider's answer cannot be read.",
    "provider_timeout": "The provider did not answer in time.",
    "provider_unavailable": "The provider is overloaded or has an internal error.",
    "provider_unreachable": "The provider could not be reached.",
    "quota_exhausted": "Credit or spending limit at the provider are used up.",
    "rate_limited": "The provider limits the rate of requests.",
    "tool_use_failed": "The model wrote a call that its provider refused, twice.",
    "tool_calls_as_text": "The model wrote its tool calls as text, twice. They were not run.",
}


def _statuses() -> str:
    return _explained("status", RUN_STATUSES, _STATUSES)


def _outcomes() -> str:
    return _explained("outcome", list(Outcome), _OUTCOMES)


def _call_codes() -> str:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for _, call in source.calls(("of_error", "_failed", "_refused")):
        if word := next(_words(call), None):
            found[word].add(next((arg.attr.lower() for arg in call.args if isinstance(arg, ast.Attribute)), "failed"))
    _check(found, _CODES)
    return table(("code", "outcome", "meaning"), ((code(word), codes(sorted(found[word])), _CODES[word]) for word in sorted(found)))


def _incomplete_reasons() -> str:
    described = re.findall(r"[a-z_]+(?=[,. ])", (IncompleteDetails.model_fields["reason"].description or "").replace(" or ", " "))
    return _explained("reason", sorted({*described, *_literals(Cut)}), _INCOMPLETE)


def _run_errors() -> str:
    kinds = ("Reason", "ModelRefused", "ModelUnavailable", "ModelProtocolError", "_unusable", "_fail")
    return _explained("code", sorted({word for _, call in source.calls(kinds) for word in _words(call)}), _RUN_ERRORS)


def _words(call: ast.Call) -> Iterator[str]:
    """The words among a call's arguments, and under the key `code` of a dict among them."""
    for argument in call.args:
        nodes = [argument]
        if isinstance(argument, ast.Dict):
            nodes = [value for key, value in zip(argument.keys, argument.values, strict=True) if key and source.text_of(key) == "code"]
        for node in nodes:
            text = source.text_of(node)
            if text and _WORD.fullmatch(text):
                yield text


def _literals(alias: Any) -> Iterator[str]:
    yield from get_args(alias)


def _explained(column: str, found: Collection[str], meanings: Mapping[str, str]) -> str:
    _check(found, meanings)
    return table((column, "meaning"), ((code(word), meanings[word]) for word in found))


def _check(found: Collection[str], meanings: Mapping[str, str]) -> None:
    if unexplained := sorted(set(found) ^ set(meanings)):
        raise ValueError(f"{', '.join(unexplained)}: write the meaning, or drop it, in {__name__}")


SECTIONS: Final[Mapping[str, Callable[[], str]]] = {
    "run-statuses": _statuses,
    "outcomes": _outcomes,
    "call-codes": _call_codes,
    "incomplete-reasons": _incomplete_reasons,
    "run-errors": _run_errors,
}
