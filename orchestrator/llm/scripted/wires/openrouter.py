"""Chat completions as OpenRouter answers them."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.llm.scripted.checks import openrouter
from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.faults import ErrorFault
from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import TokenCounts
from orchestrator.llm.scripted.signatures import signature
from orchestrator.llm.scripted.wires.base import Json, event
from orchestrator.llm.scripted.wires.chat import Chat

_PROCESSING = b": OPENROUTER PROCESSING\n\n"


class OpenRouter(Chat):
    """POST /api/v1/chat/completions."""

    id_prefix = "gen-"

    def read(self, body: Any, place: Mapping[str, str]) -> ChatRequest:
        del place
        return openrouter.check(body)

    def message(self, completion: Completion) -> Json:
        """Calls have an index also where the answer is whole, and the reasoning its signature."""
        message = super().message(completion)
        if completion.reasoning is not None:
            message["reasoning_details"][0]["signature"] = signature(completion.reasoning)
        if completion.calls:
            message["tool_calls"] = [{"index": index, **call} for index, call in enumerate(message["tool_calls"])]
        return message

    def events(self, completion: Completion) -> Iterator[bytes]:
        """Comments keep the connection alive until the model speaks."""
        yield _PROCESSING
        yield from super().events(completion)

    def deltas(self, completion: Completion) -> Iterator[Json]:
        """The signature comes in a fragment of its own, after the text."""
        signed = completion.reasoning is None
        for delta in super().deltas(completion):
            if not signed and "role" not in delta and "reasoning" not in delta:
                signed = True
                yield self.signed(completion)
            yield delta
        if not signed:
            yield self.signed(completion)

    def signed(self, completion: Completion) -> Json:
        detail = {"type": "reasoning.text", "signature": signature(completion.reasoning), "format": "anthropic-claude-v1", "index": 0}
        return {"reasoning_details": [detail]}

    def usage_chunk(self, completion: Completion) -> Json:
        """The usage comes with a choice."""
        return self.chunk(completion, {"role": "assistant", "content": ""}, None) | {"usage": self.usage(completion.usage)}

    def envelope(self, completion: Completion, kind: str, choices: list[Json]) -> Json:
        native = [choice | {"native_finish_reason": choice["finish_reason"]} for choice in choices]
        return {"provider": "Scripted", **super().envelope(completion, kind, native)}

    def reasoning(self, text: str) -> Json:
        detail = {"type": "reasoning.text", "text": text, "format": "anthropic-claude-v1", "index": 0}
        return {"reasoning": text, "reasoning_details": [detail]}

    def usage(self, tokens: TokenCounts) -> Json:
        cost = {"cost": tokens.cost, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}
        return super().usage(tokens) | cost

    def error(self, fault: ErrorFault) -> Json:
        """The code is the status; what the upstream provider called it is in the metadata."""
        named = {"provider_name": "Scripted", "raw": fault.code} if fault.code else {}
        return {"error": {"code": fault.status, "message": fault.message, "metadata": named}}

    def error_event(self, fault: ErrorFault) -> bytes:
        """An error that comes after the first bytes is in a chunk of the stream."""
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "error", "native_finish_reason": "error"}
        return event({"object": "chat.completion.chunk", "provider": "Scripted", "choices": [choice], **self.error(fault)})
