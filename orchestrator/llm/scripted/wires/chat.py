"""OpenAI's chat completions, whole and as chunks of a stream."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from itertools import zip_longest
from typing import Any

from orchestrator.llm.scripted.checks import chat
from orchestrator.llm.scripted.completion import FINGERPRINT, Completion, fragments
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import TokenCounts
from orchestrator.llm.scripted.wires.base import Json, Wire, event


class Chat(Wire):
    """POST /v1/chat/completions."""

    id_prefix = "chatcmpl-"

    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        del place
        return chat.check(body)

    def body(self, completion: Completion) -> Json:
        choice = {"index": 0, "message": self.message(completion), "logprobs": None, "finish_reason": completion.finish_reason}
        return self.envelope(completion, "chat.completion", [choice]) | {"usage": self.usage(completion.usage)}

    def message(self, completion: Completion) -> Json:
        message: Json = {"role": "assistant", "content": completion.content, "refusal": completion.refusal, "annotations": []}
        if completion.reasoning is not None:
            message |= self.reasoning(completion.reasoning)
        if completion.calls:
            message["tool_calls"] = tool_calls(completion)
        return message

    def events(self, completion: Completion) -> Iterator[bytes]:
        yield from (event(chunk) for chunk in self.chunks(completion))
        yield b"data: [DONE]\n\n"

    def chunks(self, completion: Completion) -> Iterator[Json]:
        """With usage, each chunk says `usage: null` but the last, which has no choices."""
        for delta, finish_reason in _finished(self.deltas(completion), completion):
            yield self.chunk(completion, delta, finish_reason)
        if completion.request.wants_usage_chunk:
            yield self.usage_chunk(completion)

    def deltas(self, completion: Completion) -> Iterator[Json]:
        yield {"role": "assistant", "content": None if completion.content is None else "", "refusal": None}
        yield from (self.reasoning(part) for part in fragments(completion.reasoning))
        yield from ({"content": part} for part in fragments(completion.content))
        yield from ({"refusal": part} for part in fragments(completion.refusal))
        yield from ({"tool_calls": [delta]} for delta in call_deltas(completion))

    def chunk(self, completion: Completion, delta: Json, finish_reason: str | None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        no_usage = {"usage": None} if completion.request.wants_usage_chunk else {}
        return self.envelope(completion, "chat.completion.chunk", [choice]) | no_usage

    def usage_chunk(self, completion: Completion) -> Json:
        return self.envelope(completion, "chat.completion.chunk", []) | {"usage": self.usage(completion.usage)}

    def envelope(self, completion: Completion, kind: str, choices: list[Json]) -> Json:
        return {
            "id": f"{self.id_prefix}{completion.unique}",
            "object": kind,
            "created": completion.created,
            "model": completion.model,
            "choices": choices,
            "system_fingerprint": FINGERPRINT,
        }

    def reasoning(self, text: str) -> Json:
        """The field in which OpenAI-compatible servers tell what the model thought; OpenAI itself does not."""
        return {"reasoning_content": text}

    def usage(self, tokens: TokenCounts) -> Json:
        return {
            "prompt_tokens": tokens.prompt_tokens,
            "completion_tokens": tokens.completion_tokens,
            "total_tokens": tokens.prompt_tokens + tokens.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": tokens.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": tokens.reasoning_tokens},
        }

    def error(self, fault: ErrorFault) -> Json:
        return openai_error(fault)


def openai_error(fault: ErrorFault) -> Json:
    """OpenAI's error object."""
    kind = fault.type or ("server_error" if fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error")
    return {"error": {"message": fault.message, "type": kind, "param": fault.param, "code": fault.code}}


def tool_calls(completion: Completion) -> list[Json]:
    """The calls as they stand in a message."""
    return [
        {
            "id": call.identity(completion.fresh_id("call_", position)),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments_text},
        }
        for position, call in enumerate(completion.calls)
    ]


def call_deltas(completion: Completion) -> Iterator[Json]:
    """The calls in fragments, in the style that the script asks for."""
    calls = tool_calls(completion)
    style = completion.style
    if style.order == "fused":
        joined = "".join(call["function"]["arguments"] or "" for call in calls)
        calls = [call | {"function": call["function"] | {"arguments": joined}} for call in calls[:1]]
    parts = [list(_deltas_of(call, position, completion)) for position, call in enumerate(calls)]
    if style.order == "interleaved":
        parts = [[delta for delta in turn if delta is not None] for turn in zip_longest(*parts)]
    yield from (delta for each in parts for delta in each)


def _deltas_of(call: Json, position: int, completion: Completion) -> Iterator[Json]:
    style = completion.style
    index = completion.index(position)
    placed: Json = {} if index is None else {"index": index}
    arguments: str | None = call["function"]["arguments"]
    name = {"name": call["function"]["name"]}
    opening: Json = {**placed, **call, "function": {**name, **_opening(arguments, style.arguments)}}
    if style.ids == "first_call" and position:
        del opening["id"]
    yield opening
    repeated = {"id": call["id"]} if style.ids == "every" else {}
    for part in () if style.arguments == "whole" else fragments(arguments):
        yield {**placed, **repeated, "function": {**(name if repeated else {}), "arguments": part}}


def _opening(arguments: str | None, form: str) -> Json:
    """The arguments of a call's first chunk."""
    if form == "missing":
        return {}
    return {"arguments": arguments if form == "whole" else None if arguments is None or form == "null" else ""}


def _finished(deltas: Iterator[Json], completion: Completion) -> Iterator[tuple[Json, str | None]]:
    """The deltas, each with the finish reason that its chunk says, and the last chunks, which say nothing else."""
    opened = 0
    for delta in deltas:
        opens = "type" in delta.get("tool_calls", [{}])[0]
        if opens and opened and completion.style.finish == "each_call":
            yield {}, completion.finish_reason
        opened += opens
        yield delta, None
    for _ in range(2 if completion.style.finish == "twice" else 1):
        yield {}, completion.finish_reason
