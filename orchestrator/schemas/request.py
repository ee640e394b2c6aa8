"""The body of POST /v1/runs."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, Tag
from pydantic_core import PydanticCustomError

from orchestrator.schemas.base import LIST, OBJECT, TEXT, Posted, by_kind
from orchestrator.schemas.messages import Message
from tasks.names import TOOL_NAME

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "messages": [{"role": "user", "content": "What is the weather in Paris, Rome and Oslo?"}],
    "tools": ["get_weather"],
    "metadata": {"customer": "c_42"},
}

#: What callers of OpenAI may send and we do not take, and what to do instead.
HINTS: Final[Mapping[str, str]] = {
    "stream": "Read the run with GET /v1/runs/{id}, or wait for its end with the header Prefer: wait=30.",
    "stream_options": "Read the run with GET /v1/runs/{id}.",
    "n": "A run has one answer; start several runs.",
    "functions": "Name the tools in `tools`; tool workers announce what they are.",
    "function_call": "Use `tool_choice`.",
    "max_tokens": "Use `max_completion_tokens`.",
    "max_tool_calls": "Use `max_turns` and `max_parallel_tool_calls`.",
    "timeout": "Use `deadline_s`.",
    "input": "Use `messages`.",
    "background": "Every run is in the background.",
}


def _no_object(value: Any) -> Any:
    if isinstance(value, dict):
        raise PydanticCustomError(
            "tool_object", 'Tools are named, not described: send their names, such as ["get_weather"]. GET /v1/tools lists them.'
        )
    return value


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("distinct", "Name each tool once.")
    return names


_ToolName = Annotated[str, Field(pattern=TOOL_NAME.pattern, examples=["get_weather"]), BeforeValidator(_no_object)]
_ToolNames = Annotated[
    Annotated[list[_ToolName], Field(max_length=128), AfterValidator(_distinct), Tag(LIST)] | Annotated[Literal["all"], Tag(TEXT)],
    by_kind('Tools are a list of names, or "all".'),
]
_Stop = Annotated[
    Annotated[str, Field(min_length=1, max_length=256), Tag(TEXT)]
    | Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(min_length=1, max_length=4), Tag(LIST)],
    by_kind("Stop is a string or a list of at most 4 strings."),
]


class ChosenFunction(Posted):
    """The tool that the model must call."""

    name: str = Field(pattern=TOOL_NAME.pattern)


class NamedToolChoice(Posted):
    """Makes the model call one named tool."""

    type: Literal["function"]
    function: ChosenFunction


_ToolChoice = Annotated[
    Annotated[Literal["auto", "none", "required"], Tag(TEXT)] | Annotated[NamedToolChoice, Tag(OBJECT)],
    by_kind('Tool choice is "auto", "none", "required" or {"type": "function", "function": {"name": ...}}.'),
]


class RunRequest(Posted):
    """A chat request whose tool calls are run by tool workers until the model answers. Fields have OpenAI's names; a
    field left out, or null, has its default."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    messages: list[Message] = Field(min_length=1, max_length=10_000, description="The conversation so far.")
    tools: _ToolNames = Field(default=[], description='Names of tools that workers announced, or "all" of them.')
    model: str | None = Field(
        default=None,
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="Without one, the server's default.",
        examples=["gpt-5-mini"],
    )
    parallel_tool_calls: bool | None = Field(default=None, description="Whether one reply may hold several tool calls.")
    tool_choice: _ToolChoice | None = Field(default=None, description="Whether the model may or must call tools.")

    max_turns: int | None = Field(default=None, ge=1, le=1000, description="Model calls, at most.", examples=[10])
    max_parallel_tool_calls: int | None = Field(
        default=None, ge=1, le=1024, description="Tool calls that run at the same time, at most.", examples=[8]
    )
    deadline_s: float | None = Field(default=None, gt=0, le=6 * 3600, description="Seconds the run may take.", examples=[600])
    turn_deadline_s: float | None = Field(
        default=None,
        gt=0,
        le=6 * 3600,
        description="Seconds that a turn waits for its tool calls. Those that are late are answered `timed_out`, and stopped.",
        examples=[30],
    )
    start_within_s: float | None = Field(
        default=None,
        gt=0,
        le=6 * 3600,
        description="Seconds within which a tool call must start; else it is answered `timed_out` and does not run.",
        examples=[20],
    )
    fail_fast: bool | None = Field(
        default=None, description="When a tool call fails, its turn waits for no other: those still open are answered `cancelled`."
    )
    metadata: dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[str, Field(max_length=512)]] | None = Field(
        default=None, max_length=16, description="Your own labels; lists of runs can be filtered by them."
    )

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_completion_tokens: int | None = Field(default=None, ge=1, le=10_000_000, description="Tokens of one reply, at most.")
    seed: int | None = None
    stop: _Stop | None = None
    reasoning_effort: str | None = Field(
        default=None, pattern=r"^[a-z]{1,32}$", description="A word of the provider's, such as low or high."
    )

    def posted_messages(self) -> list[dict[str, JsonValue]]:
        """The messages as they were sent, with no field added."""
        return [message.model_dump(mode="json", exclude_unset=True) for message in self.messages]

    def options(self) -> dict[str, JsonValue]:
        """What goes to the model call as it is."""
        return self.model_dump(mode="json", include=_OPTIONS, exclude_none=True)


_OPTIONS: Final = {
    "parallel_tool_calls",
    "tool_choice",
    "temperature",
    "top_p",
    "max_completion_tokens",
    "seed",
    "stop",
    "reasoning_effort",
}
