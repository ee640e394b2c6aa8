"""Runs as they are answered."""

from datetime import datetime
from typing import Final, Literal

from pydantic import Field, JsonValue

from orchestrator.llm.model import Usage
from orchestrator.schemas.base import Shown
from tasks.messages import Outcome

RunStatus = Literal["queued", "in_progress", "requires_action", "completed", "incomplete", "failed", "cancelled"]
CallStatus = Literal["queued", "in_progress", "succeeded", "failed", "timed_out", "cancelled", "denied", "skipped", "lost"]
#: Runs and calls in these states go on.
OPEN: Final = frozenset({"queued", "in_progress", "requires_action"})


class IncompleteDetails(Shown):
    """Why a run ended without an answer, or with half of one."""

    reason: str = Field(
        description="max_turns, max_total_tokens, max_cost_usd, deadline, max_output_tokens, content_filter, refusal, "
        "invalid_tool_calls or invalid_output."
    )


class RunError(Shown):
    """Why a run failed."""

    code: str = Field(examples=["rate_limited"])
    message: str
    provider: str | None = Field(default=None, description="The provider whose model call failed.", examples=["openai"])
    request_id: str | None = Field(default=None, description="The provider's id of the model call that failed.")


class RunWarning(Shown):
    """What was changed in a run's model calls because the provider could not keep it."""

    code: str = Field(examples=["strict_off"])
    message: str


class TurnObject(Shown):
    """One model call of a run."""

    turn: int = Field(description="Counts from 1.")
    provider: str = Field(default="", description="Who was asked.", examples=["openai"])
    model: str = Field(description="The model's name as the provider gave it.")
    finish_reason: str | None
    request_id: str | None = Field(description="The provider's id of the model call.")
    latency_ms: int = Field(description="The model call with its retries.")
    usage: Usage
    finished_at: datetime


class CallError(Shown):
    """Why a tool call gave no value."""

    code: str = Field(examples=["invalid_arguments"])
    message: str


class ToolCallObject(Shown):
    """One tool call of a run, with its tool message once it has ended."""

    id: str = Field(
        description="Ours: the run, the turn and the place in the model's reply.", examples=["run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B.1.0"]
    )
    turn: int
    index: int = Field(description="Place in the model's reply, from 0.")
    tool_call_id: str = Field(description="The id in the messages.")
    provider_call_id: str | None = Field(description="The id as the provider sent it; it may repeat or be missing.")
    name: str
    arguments: str = Field(description="JSON text, as the model wrote it.")
    execute: bool = Field(default=True, description="Whether it runs; else the call itself is a result, and `succeeded` when it is valid.")
    status: CallStatus
    outcome: Outcome | None = Field(description="How the call ended; null while it is open.")
    attempt: int
    max_attempts: int
    worker: str | None = Field(description="The worker that has the call, or had it last.")
    queue: str | None
    queue_wait_ms: int | None = Field(description="From the dispatch to the start.")
    run_ms: int | None = Field(description="The tool's own time.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: CallError | None
    truncated: bool = Field(description="The tool's result was longer than it may be.")
    progress: dict[str, JsonValue] | None = Field(description="What the running tool last said of itself.")
    content: str | None = Field(description="The tool message's text; null while the call is open.")


class RunSummary(Shown):
    """A run without its messages, turns and tool calls."""

    object: Literal["run"] = "run"
    id: str = Field(examples=["run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"])
    status: RunStatus
    model: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime
    tools: list[str]
    tool_choice: JsonValue
    parallel_tool_calls: bool | None
    max_turns: int
    max_parallel_tool_calls: int
    max_tool_calls: int | None = None
    max_total_tokens: int | None = None
    max_cost_usd: float | None = None
    max_repairs: int = 1
    repairs: int = Field(default=0, description="How often the model was told that its answer or its calls are not valid.")
    stream: bool = Field(default=False, description="The model's text can be heard while it is written.")
    previous_run_id: str | None = Field(default=None, description="The run that it continues.")
    turn_deadline_s: float | None
    start_within_s: float | None
    fail_fast: bool
    metadata: dict[str, str]
    usage: Usage = Field(description="Of all model calls.")
    warnings: list[RunWarning] = Field(default=[], description="What the provider could not keep, each once.")
    incomplete_details: IncompleteDetails | None
    error: RunError | None


class RunObject(RunSummary):
    """A run with all that happened in it."""

    messages: list[dict[str, JsonValue]] = Field(
        description="The whole transcript in OpenAI's chat form, that of the runs which it continues first."
    )
    response_format: JsonValue = Field(default=None, description="The name and the schema that the answer must have.")
    output: str | None = Field(description="The model's final answer.")
    output_parsed: JsonValue = Field(default=None, description="The value of an answer that has the `response_format`.")
    turns: list[TurnObject]
    tool_calls: list[ToolCallObject]


class EventObject(Shown):
    """One thing that happened to a run."""

    seq: int = Field(description="Counts from 1, without a gap.")
    at: datetime
    type: str = Field(examples=["tool_call.completed"])
    turn: int | None
    index: int | None = Field(description="Place of the tool call in the model's reply, from 0.")
    attempt: int | None
    data: dict[str, JsonValue] = Field(description="What else there is to say of this type of event.")


class EventList(Shown):
    """A run's events in order."""

    object: Literal["list"] = "list"
    data: list[EventObject]
    has_more: bool = Field(description="There are newer ones: ask again with `after` set to the last seq.")


class RunList(Shown):
    """A page of runs, the newest first."""

    object: Literal["list"] = "list"
    data: list[RunSummary]
    has_more: bool = Field(description="There are older ones: ask again with `after` set to the last id.")
