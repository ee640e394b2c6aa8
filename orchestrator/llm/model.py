"""The port to a language model: what the engine asks, and what it gets."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, Protocol, Self

from pydantic import Field, JsonValue, field_serializer

from orchestrator.messages import Message, Value
from tasks.messages import ToolSpec


class ToolOffer(Value):
    """A tool as a model is shown it."""

    name: str
    description: str
    parameters: Mapping[str, JsonValue] = Field(description="JSON schema of the arguments.")
    strict_parameters: Mapping[str, JsonValue] | None = Field(
        default=None, description="The schema in the providers' strict form, where it can be had and shall be used."
    )

    @classmethod
    def of(cls, spec: ToolSpec) -> Self:
        """What a worker announced."""
        return cls(name=spec.name, description=spec.description, parameters=spec.parameters, strict_parameters=spec.strict_parameters)


class NamedTool(Value):
    """The choice of one tool that must be called."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


class ResponseFormat(Value):
    """The form that the final answer must have."""

    name: str
    answer_schema: Mapping[str, JsonValue] = Field(description="JSON schema of the answer.")
    description: str | None = None
    strict_schema: Mapping[str, JsonValue] | None = Field(
        default=None, description="The schema in the providers' strict form, where it can be had and shall be used."
    )

    @property
    def strict(self) -> bool:
        return self.strict_schema is not None

    @property
    def offered(self) -> Mapping[str, JsonValue]:
        """What the provider is sent; the answer is checked against `answer_schema`."""
        return self.answer_schema if self.strict_schema is None else self.strict_schema


class Sampling(Value):
    """How the model shall write. What a provider does not take is left out, with a warning."""

    temperature: float | None = None
    top_p: float | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: str | None = None


class ModelRequest(Value):
    """One model call. `messages` were checked to be legal."""

    model: str = Field(description="As the run names it: `provider/model`.")
    messages: tuple[Message, ...]
    tools: tuple[ToolOffer, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    sampling: Sampling = Sampling()
    stream: bool = False
    timeout_s: float = Field(description="The time for this call with all its retries.")


class RequestedCall(Value):
    """A tool call as the provider sent it; every field may be wrong."""

    provider_id: str | None
    name: str
    arguments: str


class Usage(Value):
    """Tokens of one model call, or their sum over a run, counted alike for all providers: `prompt_tokens` holds those that were
    read from or written to a cache, `completion_tokens` those of reasoning."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = Field(default=0, description="Of the prompt's, those read from a cache.")
    cache_write_tokens: int = Field(default=0, description="Of the prompt's, those written to a cache.")
    reasoning_tokens: int = Field(default=0, description="Of the completion's, those of reasoning.")
    cost_usd: Decimal | None = Field(
        default=None, description="US dollars, as the provider says or its prices give; null where they are not known."
    )

    @field_serializer("cost_usd", when_used="json")
    def _as_number(self, cost: Decimal | None) -> float | None:
        return None if cost is None else float(cost)

    def __add__(self, other: "Usage") -> "Usage":
        counts = {name: getattr(self, name) + getattr(other, name) for name in TOKEN_COUNTS}
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return Usage(**counts, cost_usd=sum(costs, Decimal()) if costs else None)


#: The fields of Usage that count tokens.
TOKEN_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")


class ModelWarning(Value):
    """What was changed in a request because its provider could not keep it."""

    code: str
    message: str


class ModelReply(Value):
    """One complete answer of the model, not yet judged."""

    content: str | None
    refusal: str | None = None
    calls: tuple[RequestedCall, ...] = ()
    finish_reason: str | None = Field(
        default=None, description="In OpenAI's words (stop, length, tool_calls, content_filter) or refusal; else the provider's own."
    )
    usage: Usage = Usage()
    model: str = ""
    request_id: str | None = None
    provider: str = ""
    raw: JsonValue = Field(default=None, description="The turn as its provider wrote it, where the rest of this does not say it all.")
    warnings: tuple[ModelWarning, ...] = ()


class Listener(Protocol):
    """Who hears an answer while it is written."""

    def begin(self) -> None:
        """An attempt begins: what was heard before is void."""
        ...

    def text(self, delta: str) -> None:
        """More text of the attempt's answer."""
        ...


class Silence:
    """A listener that does not listen."""

    def begin(self) -> None:
        """Ignores it."""

    def text(self, delta: str) -> None:
        """Ignores it."""


SILENCE = Silence()


class ChatModel(Protocol):
    """What answers a model call."""

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """Makes one model call within the request's time. Raises orchestrator.llm.errors.ModelError."""
        ...
