"""A model's reply judged before anything runs: which calls run, which are already answered, and whether the run ends."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from pydantic import JsonValue

from orchestrator import call_ids
from orchestrator.llm import final_answer, result_calls
from orchestrator.llm.errors import ModelProtocolError
from orchestrator.llm.model import ModelReply, RequestedCall
from orchestrator.llm.wrapped import WRAPPER
from orchestrator.messages import Value
from tasks.arguments import NO_ARGUMENTS, InvalidArguments, is_absent, parse_object
from tasks.messages import CallOutcome, Outcome, ToolSpec

#: So many known tools are named to a model that asked for an unknown one.
_TOOLS_NAMED: Final = 20
_CALL_AS_TEXT: Final = "<tool_call>"

Reason = Literal["max_output_tokens", "content_filter", "refusal"]


class Ending(Value):
    """How the reply ends the run."""

    status: Literal["completed", "incomplete"]
    reason: Reason | None = None


class JudgedCall(Value):
    """A tool call as it is kept: `tool_call_id` is unique in the run and never empty, and goes on the wire from now on.
    With an `answer` the call must not run: its tool message is known already. Without one, `arguments` is the text of a
    JSON object. A call that is a result is never to `execute`."""

    tool_call_id: str
    provider_call_id: str | None
    name: str
    arguments: str
    execute: bool = True
    answer: CallOutcome | None = None


class Verdict(Value):
    """What a reply comes to. Without an `end` there are calls to run or to answer, and the run goes on."""

    content: str | None
    refusal: str | None
    calls: tuple[JudgedCall, ...]
    end: Ending | None


def check_usable(reply: ModelReply, *, tools_offered: bool) -> None:
    """Raises ModelProtocolError for a reply that says nothing, or whose calls were written as text. Such calls are never
    guessed at: the model is asked again."""
    if reply.calls or _stop_reason(reply):
        return
    content = reply.content or ""
    if not content.strip():
        raise _unusable(reply, "empty_reply", "The model answered with neither text nor tool calls. Try again, or choose another model.")
    if tools_offered and _CALL_AS_TEXT in content:
        message = "The model wrote its tool calls as text, so they were not run. Check that the model and its server support tool calls."
        raise _unusable(reply, "tool_calls_as_text", message)


#: JSON schemas of the tools whose calls are a result, by name.
Results = Mapping[str, Mapping[str, JsonValue]]


def judge(
    reply: ModelReply,
    tools: Mapping[str, ToolSpec],
    turn: int,
    taken_ids: Collection[str],
    max_calls: int,
    results: Results = MappingProxyType({}),
) -> Verdict:
    """Decides on every call of the reply, in order. What counts is that there are calls, not what `finish_reason` says:
    providers send calls with any. `taken_ids` are those of the conversation's earlier turns."""
    ids = _wire_ids(reply.calls, turn, taken_ids)
    offered = _Offered(tools, results)
    calls = tuple(
        JudgedCall(
            tool_call_id=ids[index],
            provider_call_id=call.provider_id,
            name=call.name,
            arguments=NO_ARGUMENTS if is_absent(call.arguments) else call.arguments,
            execute=call.name not in results,
            answer=_answer(reply, index, offered, max_calls),
        )
        for index, call in enumerate(reply.calls)
    )
    return Verdict(content=reply.content, refusal=reply.refusal, calls=calls, end=_ending(reply, calls))


class _Offered(NamedTuple):
    tools: Mapping[str, ToolSpec]
    results: Results

    @property
    def names(self) -> Sequence[str]:
        return (*self.tools, *self.results)


def _stop_reason(reply: ModelReply) -> Reason | None:
    """Why the provider cut the answer off, if it did."""
    if reply.refusal or reply.finish_reason == "refusal":
        return "refusal"
    if reply.finish_reason == "content_filter":
        return "content_filter"
    return "max_output_tokens" if reply.finish_reason == "length" else None


def _ending(reply: ModelReply, calls: Sequence[JudgedCall]) -> Ending | None:
    reason = _stop_reason(reply)
    if reply.calls and reason in {None, "max_output_tokens"}:
        return Ending(status="completed") if all(map(_is_result, calls)) else None
    return Ending(status="incomplete", reason=reason) if reason else Ending(status="completed")


def _is_result(call: JudgedCall) -> bool:
    return not call.execute and call.answer is not None and call.answer.outcome is Outcome.SUCCEEDED


def _answer(reply: ModelReply, index: int, offered: _Offered, max_calls: int) -> CallOutcome | None:
    """The outcome of a call that must not run, or None."""
    call = reply.calls[index]
    stopped = _stopped(_stop_reason(reply), is_last=index == len(reply.calls) - 1) or _superfluous(index, max_calls)
    if stopped is None and call.name in offered.results:
        return result_calls.answer(call.arguments, offered.results[call.name])
    return stopped or _unknown(call.name, offered) or _malformed(call.arguments)


def _stopped(reason: Reason | None, *, is_last: bool) -> CallOutcome | None:
    match reason:
        case "refusal":
            return CallOutcome.of_error(Outcome.DENIED, "refusal", "Not run: the model refused to answer.")
        case "content_filter":
            return CallOutcome.of_error(Outcome.DENIED, "content_filter", "Not run: the content filter stopped this answer.")
        case "max_output_tokens" if is_last:
            message = "Not run: the answer was cut off at the token limit, so this call may be incomplete. Make it again, if need be alone."
            return CallOutcome.of_error(Outcome.SKIPPED, "truncated_call", message)
        case _:
            return None


def _superfluous(index: int, max_calls: int) -> CallOutcome | None:
    if index < max_calls:
        return None
    message = f"Not run: one answer may hold at most {max_calls} tool calls. Make the call again in the next answer if it is still needed."
    return CallOutcome.of_error(Outcome.SKIPPED, "too_many_calls", message)


def _unknown(name: str, offered: _Offered) -> CallOutcome | None:
    """A nearest match is never run: a name that is almost right may be another tool's."""
    if name in offered.tools:
        return None
    if name.startswith(final_answer.NAME):
        message = "Not given yet: call this alone, when the results of all other calls are known."
        return CallOutcome.of_error(Outcome.SKIPPED, "final_answer_not_alone", message)
    hint = "Call the tools themselves, several in one answer." if name == WRAPPER else "Use a name exactly as it is given."
    message = f"There is no tool {name[:64]!r}. {hint} {_known(offered.names)}"
    return CallOutcome.of_error(Outcome.FAILED, "unknown_tool", message)


def _known(names: Sequence[str]) -> str:
    if not names:
        return "No tools can be called in this conversation."
    more = f" and {len(names) - _TOOLS_NAMED} more" if len(names) > _TOOLS_NAMED else ""
    return f"Known tools: {', '.join(names[:_TOOLS_NAMED])}{more}."


def _malformed(arguments: str) -> CallOutcome | None:
    try:
        parse_object(arguments)
    except InvalidArguments as error:
        return CallOutcome.of_error(Outcome.FAILED, "invalid_arguments", str(error))
    return None


def _wire_ids(calls: Sequence[RequestedCall], turn: int, taken_ids: Collection[str]) -> list[str]:
    """One id for each call, the provider's where it can be used. The same reply always gets the same ids, so that
    providers' prompt caches hold."""
    taken = set(taken_ids)
    ids: list[str] = []
    for index, call in enumerate(calls):
        wire_id = call_ids.free(call_ids.usable(call.provider_id) or f"call_{turn}_{index}", taken)
        taken.add(wire_id)
        ids.append(wire_id)
    return ids


def _unusable(reply: ModelReply, code: str, message: str) -> ModelProtocolError:
    return ModelProtocolError(code, message, retryable=True, request_id=reply.request_id)
