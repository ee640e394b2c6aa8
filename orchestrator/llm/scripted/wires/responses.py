"""OpenAI's Responses, whole and as a stream of events."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.llm.scripted.checks import responses
from orchestrator.llm.scripted.completion import BESIDE_REASONING, Completion, fragments
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest, NamedChoice
from orchestrator.llm.scripted.script import TokenCounts
from orchestrator.llm.scripted.signatures import signature
from orchestrator.llm.scripted.wires.base import Json, Wire, event
from orchestrator.llm.scripted.wires.chat import openai_error

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
#: What an item is like when it is added to a stream.
_ADDED: Final[dict[str, Json]] = {
    "reasoning": {"summary": [], "encrypted_content": None},
    "message": {"content": [], "status": "in_progress"},
    "function_call": {"arguments": "", "status": "in_progress"},
}


class Responses(Wire):
    """POST /v1/responses."""

    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        del place
        return responses.check(body, own=True).chat()

    def body(self, completion: Completion) -> Json:
        reason = _INCOMPLETE.get(completion.finish_reason)
        ended = {
            "status": "incomplete" if reason else "completed",
            "incomplete_details": {"reason": reason} if reason else None,
            "output": list(_output(completion)),
            "usage": _usage(completion.usage),
        }
        return _begun(completion) | ended

    def events(self, completion: Completion) -> Iterator[bytes]:
        """Each names its type and has its number."""
        for number, each in enumerate(self.happenings(completion)):
            yield event({**each, "sequence_number": number}, each["type"])

    def happenings(self, completion: Completion) -> Iterator[Json]:
        """What the events say."""
        yield {"type": "response.created", "response": _begun(completion)}
        yield {"type": "response.in_progress", "response": _begun(completion)}
        for position, item in enumerate(_output(completion)):
            index = completion.index(position)
            placed: Json = {} if index is None else {"output_index": index}
            yield {"type": "response.output_item.added", **placed, "item": item | _ADDED[item["type"]]}
            yield from ({**each, "item_id": item["id"], **placed} for each in _filled(item))
            yield {"type": "response.output_item.done", **placed, "item": item}
        whole = self.body(completion)
        yield {"type": f"response.{whole['status']}", "response": whole}

    def error(self, fault: ErrorFault) -> Json:
        return openai_error(fault)

    def error_event(self, fault: ErrorFault) -> bytes:
        """An event of its own type, and no error object."""
        said = {"type": "error", "code": fault.code, "message": fault.message, "param": fault.param, "sequence_number": fault.after_events}
        return event(said, "error")


def _begun(completion: Completion) -> Json:
    """The response as it is before anything was said."""
    request = completion.request
    choice = request.tool_choice
    named = {"type": "function", "name": choice.function.name} if isinstance(choice, NamedChoice) else None
    return {
        "id": f"resp_{completion.unique}",
        "object": "response",
        "created_at": completion.created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": completion.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "store": False,
        "tool_choice": named or choice or "auto",
        "tools": [{"type": "function", **function.model_dump(), "strict": None} for function in request.functions],
        "usage": None,
    }


def _output(completion: Completion) -> Iterator[Json]:
    """The items: what was thought, what is said, what is called."""
    thought = completion.reasoning is not None
    following = (f"{BESIDE_REASONING if thought else '0'}{completion.unique}{position:04}" for position in range(len(completion.calls) + 1))
    if completion.reasoning is not None:
        identity = f"rs_{completion.unique}"
        summary = [{"type": "summary_text", "text": completion.reasoning}]
        yield {"type": "reasoning", "id": identity, "summary": summary, "encrypted_content": signature(identity)}
    parts = list(_parts(completion))
    if parts:
        yield {"type": "message", "id": f"msg_{next(following)}", "role": "assistant", "status": "completed", "content": parts}
    for position, call in enumerate(completion.calls):
        yield {
            "type": "function_call",
            "id": f"fc_{next(following)}",
            "call_id": call.identity(completion.fresh_id("call_", position)),
            "name": call.name,
            "arguments": call.arguments_text,
            "status": "completed",
        }


def _parts(completion: Completion) -> Iterator[Json]:
    """What a message holds."""
    if completion.content is not None:
        yield {"type": "output_text", "text": completion.content, "annotations": [], "logprobs": []}
    if completion.refusal is not None:
        yield {"type": "refusal", "refusal": completion.refusal}


def _filled(item: Json) -> Iterator[Json]:
    """What happens between an item's beginning and its end."""
    if item["type"] == "function_call":
        yield from ({"type": "response.function_call_arguments.delta", "delta": part} for part in fragments(item["arguments"]))
        yield {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": item["arguments"]}
    elif item["type"] == "message":
        for index, part in enumerate(item["content"]):
            yield from ({**each, "content_index": index} for each in _said(part))
    else:
        for index, part in enumerate(item["summary"]):
            yield from ({**each, "summary_index": index} for each in _thought(part))


def _said(part: Json) -> Iterator[Json]:
    field, kind = ("text", "output_text") if part["type"] == "output_text" else ("refusal", "refusal")
    logprobs: Json = {"logprobs": []} if kind == "output_text" else {}
    yield {"type": "response.content_part.added", "part": part | {field: ""}}
    yield from ({"type": f"response.{kind}.delta", "delta": each, **logprobs} for each in fragments(part[field]))
    yield {"type": f"response.{kind}.done", field: part[field], **logprobs}
    yield {"type": "response.content_part.done", "part": part}


def _thought(part: Json) -> Iterator[Json]:
    yield {"type": "response.reasoning_summary_part.added", "part": part | {"text": ""}}
    yield from ({"type": "response.reasoning_summary_text.delta", "delta": each} for each in fragments(part["text"]))
    yield {"type": "response.reasoning_summary_text.done", "text": part["text"]}
    yield {"type": "response.reasoning_summary_part.done", "part": part}


def _usage(tokens: TokenCounts) -> Json:
    return {
        "input_tokens": tokens.prompt_tokens,
        "input_tokens_details": {"cached_tokens": tokens.cached_tokens, "cache_write_tokens": tokens.cache_write_tokens},
        "output_tokens": tokens.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning_tokens},
        "total_tokens": tokens.prompt_tokens + tokens.completion_tokens,
    }
