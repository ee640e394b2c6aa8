"""The body of POST /v1/runs."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, Tag
from pydantic_core import PydanticCustomError

from orchestrator.ids import RUN_ID
from orchestrator.schemas.base import LIST, OBJECT, TEXT, Posted, by_kind
from orchestrator.schemas.messages import Message
from orchestrator.schemas.response_format import PostedFormat
from orchestrator.schemas.result_tool import PostedResultTool, ResultTool
from tasks.names import TOOL_NAME

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "messages": [{"role": "user", "content": "What is the weather in Paris, Rome and Oslo?"}],
    "tools": ["get_weather"],
    "metadata": {"customer": "c_42"},
}

#: What callers of OpenAI may send and we do not take, and what to do instead.
HINTS: Final[Mapping[str, str]] = {
    "stream_options": "Usage is in the run: GET /v1/runs/{id}.",
    "n": "A run has one answer; start several runs.",
    "functions": "Name the tools in `tools`; tool workers announce what they are.",
    "function_call": "Use `tool_choice`.",
    "max_tokens": "Use `max_completion_tokens`.",
    "previous_response_id": "Use `previous_run_id`.",
    "store": "Every run is kept.",
    "timeout": "Use `deadline_s`.",
    "input": "Use `messages`.",
    "background": "Every run is in the background.",
}


def _distinct(tools: list[str | ResultTool]) -> list[str | ResultTool]:
    if len(set(map(_name, tools))) < len(tools):
        raise PydanticCustomError("distinct", "Name each tool once.")
    return tools


def _name(tool: str | ResultTool) -> str:
    return tool if isinstance(tool, str) else tool.name


_Tool = Annotated[
    Annotated[str, Field(pattern=TOOL_NAME.pattern, examples=["get_weather"]), Tag(TEXT)] | Annotated[PostedResultTool, Tag(OBJECT)],
    by_kind("A tool is a name, or an object where its calls are the result."),
]
_Tools = Annotated[
    Annotated[list[_Tool], Field(max_length=128), AfterValidator(_distinct), Tag(LIST)] | Annotated[Literal["all"], Tag(TEXT)],
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
    tools: _Tools = Field(
        default=[],
        description='Names of tools that workers announced, or "all" of them. A tool that is described, with `"execute": false`, '
        "does not run: its valid calls are the result.",
    )
    model: str | None = Field(
        default=None,
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="Without one, the server's default.",
        examples=["gpt-5-mini"],
    )
    previous_run_id: str | None = Field(
        default=None, pattern=RUN_ID.pattern, description="A run that has ended: its transcript comes before `messages`."
    )
    response_format: PostedFormat | None = Field(
        default=None, description="The form of the final answer, which is checked. `output_parsed` holds its value."
    )
    parallel_tool_calls: bool | None = Field(default=None, description="Whether one reply may hold several tool calls.")
    tool_choice: _ToolChoice | None = Field(default=None, description="Whether the model may or must call tools.")

    max_turns: int | None = Field(default=None, ge=1, le=1000, description="Model calls, at most.", examples=[10])
    max_parallel_tool_calls: int | None = Field(
        default=None, ge=1, le=1024, description="Tool calls that run at the same time, at most.", examples=[8]
    )
    max_tool_calls: int | None = Field(
        default=None,
        ge=0,
        le=1_000_000,
        description="Tool calls that run, at most. Those beyond are answered `skipped`, and the model goes on without tools.",
        examples=[50],
    )
    max_total_tokens: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000_000,
        description="Tokens of all model calls. When they are used up, no other model call is made; the last may exceed them.",
        examples=[100_000],
    )
    max_cost_usd: float | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        description="US dollars for all model calls. When they are used up, no other model call is made. The model's price must be known.",
        examples=[0.5],
    )
    max_repairs: int | None = Field(
        default=None,
        ge=0,
        le=5,
        description="How often the model is told that its answer, or its calls that are the result, are not valid; 1 by default.",
    )
    stream: bool | None = Field(
        default=None, description="Lets the model's text be heard while it is written: GET /v1/runs/{id}/events, Accept: text/event-stream."
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

    def tool_names(self) -> tuple[str, ...] | Literal["all"]:
        """Of both kinds, in order."""
        return "all" if self.tools == "all" else tuple(map(_name, self.tools))

    def result_tools(self) -> tuple[dict[str, JsonValue], ...]:
        """Those that do not run, as the model is to be shown them."""
        return tuple(tool.offer() for tool in self.tools if isinstance(tool, ResultTool))

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
