"""The port to a language model: what the engine asks, and what it gets."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tasks.messages import ToolSpec


class Value(BaseModel):
    """Base of the port's frozen values."""

    model_config = ConfigDict(frozen=True)


class ModelRequest(Value):
    """One model call. `messages` are in OpenAI's chat form and were checked to be legal."""

    model: str
    messages: tuple[Mapping[str, JsonValue], ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str | Mapping[str, JsonValue] | None = None
    parallel_tool_calls: bool | None = None
    options: Mapping[str, JsonValue] = Field(default_factory=dict, description="Sampling options, sent as they are.")
    timeout_s: float = Field(description="The time for this call with all its retries.")


class RequestedCall(Value):
    """A tool call as the provider sent it; every field may be wrong."""

    provider_id: str | None
    name: str
    arguments: str


class Usage(Value):
    """Tokens of one model call, or their sum over a run."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
        )


class ModelReply(Value):
    """One complete answer of the model, not yet judged."""

    content: str | None
    refusal: str | None = None
    calls: tuple[RequestedCall, ...] = ()
    finish_reason: str | None = None
    usage: Usage = Usage()
    model: str = ""
    request_id: str | None = None


class ChatModel(Protocol):
    """What a provider adapter is."""

    def complete(self, request: ModelRequest) -> ModelReply:
        """Makes one model call, retried within the request's time. Raises orchestrator.llm.errors.ModelError."""
        ...


def tool_param(tool: ToolSpec) -> dict[str, Any]:
    """The tool in chat-completions form, strict where the tool can be."""
    function: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.strict_parameters is not None:
        function |= {"parameters": tool.strict_parameters, "strict": True}
    else:
        function["parameters"] = tool.parameters
    return {"type": "function", "function": function}
