"""A chat-completion request as it arrives, which is also the scripted model's own form of every provider's request."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from orchestrator.llm.scripted.script import Script


class Received(BaseModel):
    """Base of the request's values. What the scripted model has no use for is ignored, as sampling options are."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ContentPart(Received):
    """A part of a message; only text counts here."""

    type: str
    text: str | None = None


class CalledFunction(Received):
    """The function of a call, with its arguments as text."""

    name: str
    arguments: str


class MessageCall(Received):
    """A tool call of an earlier assistant message."""

    id: str
    type: Literal["function"]
    function: CalledFunction


class ReasoningDetail(Received):
    """What a model thought, as OpenRouter tells it and takes it back."""

    text: str | None = None
    signature: str | None = None


class ChatMessage(Received):
    """One message of the transcript."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[ContentPart, ...] | None = None
    tool_calls: Annotated[tuple[MessageCall, ...], Field(min_length=1)] | None = None
    tool_call_id: str | None = None
    reasoning_details: tuple[ReasoningDetail, ...] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, tuple):
            return "".join(part.text or "" for part in self.content)
        return self.content or ""

    @property
    def calls(self) -> tuple[MessageCall, ...]:
        return self.tool_calls or ()


class Function(Received):
    """A tool's name, description and schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class ChatTool(Received):
    """A tool that is offered."""

    type: Literal["function"]
    function: Function


class FunctionName(Received):
    """The name of a tool."""

    name: str


class NamedChoice(Received):
    """The choice of one tool that must be called."""

    type: Literal["function"]
    function: FunctionName


class StreamOptions(Received):
    """What a stream shall also hold."""

    include_usage: bool = False


class AnswerSchema(Received):
    """The schema of the final answer."""

    schema_: Mapping[str, JsonValue] = Field(default_factory=dict[str, JsonValue], alias="schema")


class ResponseFormat(Received):
    """The form of the final answer."""

    type: str
    json_schema: AnswerSchema | None = None


class ChatRequest(Received):
    """The body of POST /v1/chat/completions, and `script`, a field of our own."""

    model: str = Field(min_length=1)
    messages: tuple[ChatMessage, ...] = Field(min_length=1)
    tools: Annotated[tuple[ChatTool, ...], Field(min_length=1)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    response_format: ResponseFormat | None = None
    script: Script | None = None

    @property
    def functions(self) -> tuple[Function, ...]:
        return tuple(tool.function for tool in self.tools or ())

    @property
    def answer_schema(self) -> Mapping[str, JsonValue] | None:
        """None where the answer may be any text."""
        form = self.response_format
        return form.json_schema.schema_ if form and form.json_schema else None

    @property
    def wants_usage_chunk(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage
