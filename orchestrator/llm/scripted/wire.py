"""Answers in OpenAI's chat-completions form, whole and as chunks of a stream."""

import json
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply, ScriptedCall, TokenCounts
from orchestrator.llm.scripted.transcript import Standing, characters

FINGERPRINT: Final = "scripted-model-not-a-language-model"
#: The model's own name; `scripted/NAME` selects a registered script.
MODEL: Final = "scripted"
#: An estimate for the usage, and the size of a stream's fragments.
CHARACTERS_PER_TOKEN: Final = 4

Json = dict[str, Any]

# Kept ready, as a server writes JSON all the time. ASCII, so that no text can fail to be encoded.
_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))


class Completion:
    """One reply to one request, with all that was left open filled in."""

    def __init__(self, request: ChatRequest, standing: Standing, reply: Reply) -> None:
        unique = uuid4().hex
        self.id = f"chatcmpl-{unique}"
        self.created = int(time.time())
        self.model = request.model if request.model.startswith(f"{MODEL}/") else MODEL
        self.content = None if reply.content is None else standing.fill(reply.content)
        self.refusal = reply.refusal
        self.tool_calls = [_tool_call(call, f"call_{unique[:20]}{index:04}") for index, call in enumerate(reply.tool_calls)]
        self.finish_reason = reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")
        self.usage = _usage(reply.usage, characters(request.messages), self.spoken)

    @property
    def spoken(self) -> int:
        """How many characters the reply holds."""
        called = (call["function"] for call in self.tool_calls)
        return len(self.content or "") + len(self.refusal or "") + sum(len(each["name"]) + len(each["arguments"] or "") for each in called)

    def body(self) -> Json:
        """The whole answer, as sent without `stream`."""
        message: Json = {"role": "assistant", "content": self.content, "refusal": self.refusal, "annotations": []}
        if self.tool_calls:
            message["tool_calls"] = self.tool_calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return self.envelope("chat.completion", [choice]) | {"usage": self.usage}

    def chunks(self, *, with_usage: bool) -> Iterator[Json]:
        """The answer in chunks. With usage, each chunk says `usage: null` but the last, which has no choices."""
        for delta in self.deltas():
            yield self.chunk(delta, None, with_usage=with_usage)
        yield self.chunk({}, self.finish_reason, with_usage=with_usage)
        if with_usage:
            yield self.envelope("chat.completion.chunk", []) | {"usage": self.usage}

    def deltas(self) -> Iterator[Json]:
        yield {"role": "assistant", "content": None if self.content is None else "", "refusal": None}
        yield from ({"content": part} for part in _fragments(self.content))
        yield from ({"refusal": part} for part in _fragments(self.refusal))
        for index, call in enumerate(self.tool_calls):
            function = call["function"]
            opening = function | {"arguments": None if function["arguments"] is None else ""}
            yield {"tool_calls": [{"index": index, **call, "function": opening}]}
            yield from ({"tool_calls": [{"index": index, "function": {"arguments": part}}]} for part in _fragments(function["arguments"]))

    def chunk(self, delta: Json, finish_reason: str | None, *, with_usage: bool) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self.envelope("chat.completion.chunk", [choice]) | ({"usage": None} if with_usage else {})

    def envelope(self, kind: str, choices: list[Json]) -> Json:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "system_fingerprint": FINGERPRINT,
        }


def _tool_call(call: ScriptedCall, fresh_id: str) -> Json:
    identity = call.id if call.has_own_id else fresh_id
    return {"id": identity, "type": "function", "function": {"name": call.name, "arguments": call.arguments_text}}


def _fragments(text: str | None) -> Iterator[str]:
    """The text in pieces of about a token."""
    for start in range(0, len(text or ""), CHARACTERS_PER_TOKEN):
        yield (text or "")[start : start + CHARACTERS_PER_TOKEN]


def _usage(stated: TokenCounts | None, read: int, said: int) -> Json:
    """The tokens that the reply states, or an estimate by the number of characters."""
    prompt = stated.prompt_tokens if stated else _tokens(read)
    completion = stated.completion_tokens if stated else _tokens(said)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _tokens(length: int) -> int:
    return -(-length // CHARACTERS_PER_TOKEN)


def error_body(message: str, kind: str, param: str | None = None, code: str | None = None) -> Json:
    """OpenAI's error object."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def fault_body(fault: ErrorFault) -> Json:
    """The error that the fault means."""
    kind = fault.type or ("server_error" if fault.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error")
    return error_body(fault.message, kind, fault.param, fault.code)


def fault_headers(fault: ErrorFault) -> Mapping[str, str]:
    """The fault's own headers and its Retry-After, in seconds and with a fraction if need be, as the SDK reads it."""
    waiting = {} if fault.retry_after_s is None else {"retry-after": f"{fault.retry_after_s:g}"}
    return {**waiting, **fault.headers}


def encoded(value: object) -> bytes:
    """Compact JSON."""
    return _COMPACT.encode(value).encode()


def _event(value: object) -> bytes:
    """A server-sent event."""
    return b"data: " + encoded(value) + b"\n\n"


def events(completion: Completion, *, with_usage: bool) -> list[bytes]:
    """The whole stream, event by event."""
    return [*(_event(chunk) for chunk in completion.chunks(with_usage=with_usage)), b"data: [DONE]\n\n"]
