"""What a provider's models can do, and where providers differ: one record for each, with exceptions for some of its models."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from orchestrator.messages import Value


class Capabilities(Value):
    """What holds for one model of a provider. Sources: research on each provider's documentation by November 2026."""

    parallel_flag: Literal["parallel_tool_calls", "disable_parallel_tool_use"] | None = Field(
        description="The field that says whether one answer may hold several calls; None where the provider refuses or ignores it."
    )
    strict: bool = Field(description="Arguments can be bound to a tool's schema.")
    strict_with_parallel: bool = Field(description="That also holds for several calls in one answer.")
    error_flag: str | None = Field(default=None, description="The field that marks a failed call's result; None: only its text says so.")
    call_ids: Literal["unique", "repeated", "optional"] = Field(
        default="unique", description="Whether the provider's ids name a call in the whole conversation, in one answer, or may be missing."
    )
    streams: bool = Field(default=True, description="Answers can be streamed.")
    stream_index: Literal["trusted", "doubted"] = Field(
        default="trusted", description="Whether a stream's index is known to tell the calls apart. No stream is put together by it alone."
    )
    response_format: Literal["native", "tool"] = Field(
        default="native", description="How an answer gets its form: by the provider's own means, or as the arguments of a tool."
    )
    response_format_with_tools: bool = Field(default=True, description="The provider's own means also works where tools are offered.")
    forced_choice: bool = Field(default=True, description="A call can be required.")
    bound_thinking: bool = Field(
        default=False, description="What it thought counts only behind the very instructions, tools and turns that it followed."
    )
    sampling: frozenset[str] = Field(
        default=frozenset({"temperature", "top_p", "max_completion_tokens", "seed", "stop", "reasoning_effort"}),
        description="The fields of Sampling that it takes.",
    )
    developer_role: bool = Field(default=True, description="Chat completions know the role `developer`; else it is sent as `system`.")
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = Field(
        default="max_completion_tokens", description="What chat completions call the limit of an answer's tokens there."
    )
    echoed: frozenset[str] = Field(
        default=frozenset({"reasoning_content", "reasoning_details", "extra_content"}),
        description="The fields of its own that chat completions want back in the next request, in the message or its calls.",
    )
    encrypted_reasoning: bool = Field(default=True, description="Responses give the model's reasoning encrypted, to be sent back.")
    tools_with_calls: bool = Field(default=False, description="A conversation that holds calls is refused without tools.")
    retried_statuses: frozenset[int] = Field(
        default=frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}),
        description="HTTP statuses after which a call is made again.",
    )
    usage: Mapping[str, str] = Field(
        default_factory=dict[str, str], description="Where its answers count tokens: our name to a dotted path; for people, and the wire."
    )

    def changed(self, **changes: Any) -> "Capabilities":
        """The record with these fields instead."""
        return self.model_copy(update=changes)


class Exceptional(Value):
    """Models of a provider that differ from the others."""

    models: re.Pattern[str]
    changes: Mapping[str, Any]
    reason: str = Field(description="For people, with its source.")
