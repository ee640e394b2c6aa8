"""The values that cross processes: frozen, versioned, each with its own encode and decode."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tasks.names import CallKey

#: The envelope's version. A receiver that meets another one answers with a typed failure.
ENVELOPE_VERSION: Final = 1


class Outcome(StrEnum):
    """How a tool call ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DENIED = "denied"
    SKIPPED = "skipped"
    LOST = "lost"


class Message(BaseModel):
    """Base of every wire value. Unknown fields of the same version are ignored, so that a newer sender may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def encode(self) -> str:
        return self.model_dump_json()

    @classmethod
    def decode(cls, text: str | bytes) -> Self:
        """Raises pydantic.ValidationError when the text is not such a message."""
        return cls.model_validate_json(text)


class Versioned(Message):
    """A wire value that says its version."""

    version: int = ENVELOPE_VERSION

    @classmethod
    def understood(cls, text: str | bytes) -> Self | None:
        """The value, or None when another version wrote it."""
        try:
            value = cls.decode(text)
        except ValidationError:
            return None
        return value if value.version == ENVELOPE_VERSION else None


class CallMessage(Versioned):
    """The doorbell of one attempt of a call: names only. It travels as the keyword arguments of `tool.call`. Every version
    has these fields, so that a worker of another version can still read which call it is."""

    run_id: str
    turn: int
    index: int
    attempt: int
    tool: str
    schema_hash: str = Field(default="", description="The version of the tool that the model was shown; empty where it is not said.")

    @property
    def key(self) -> CallKey:
        return CallKey(self.run_id, self.turn, self.index)

    @property
    def task_id(self) -> str:
        return self.key.task_id(self.attempt)

    def kwargs(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class Doorbell(Message):
    """What it takes to publish one attempt of a call."""

    call: CallMessage
    queue: str
    timeout_s: float
    delay_s: float = Field(default=0.0, description="Seconds to wait before a repeated attempt.")


class Grant(Versioned):
    """The right to run one attempt of a call once, kept in Redis until it is claimed. The arguments travel here and
    not in the Celery message, so that no log, event or monitor ever shows them."""

    call: CallMessage
    queue: str
    schema_hash: str
    arguments: str = Field(description="A JSON object as text, as the model wrote it.")
    timeout_s: float
    deadline_s: float = Field(description="Seconds from the grant to the deadline of the run, or of its turn.")
    start_within_s: float | None = Field(default=None, description="Seconds from the grant, or from the end of its delay, to the start.")
    delay_s: float = 0.0

    @property
    def idempotency_key(self) -> str:
        """Stable over the attempts of a call, unique among calls."""
        return str(self.call.key)

    @property
    def doorbell(self) -> Doorbell:
        return Doorbell(call=self.call, queue=self.queue, timeout_s=self.timeout_s, delay_s=self.delay_s)


class CallError(Message):
    """Why a call gave no value, in words for the model. Never holds a traceback or a secret."""

    code: str = Field(description="A stable word, such as invalid_arguments or timed_out.")
    message: str


class CallOutcome(Message):
    """What one attempt of a call came to, and the text of its tool message."""

    outcome: Outcome
    content: str = Field(description="The tool message's text: the value as JSON, or an object with the key error.")
    error: CallError | None = None
    truncated: bool = Field(default=False, description="The value was larger than the tool's max_result_bytes.")
    retry_in_s: float | None = Field(default=None, description="The tool asked for another attempt after this wait.")

    @classmethod
    def of_error(cls, outcome: Outcome, code: str, message: str, retry_in_s: float | None = None) -> Self:
        """An outcome without a value: the model reads `{"error": {"code", "message"}}`."""
        error = CallError(code=code, message=message)
        content = f'{{"error":{error.encode()}}}'
        return cls(outcome=outcome, content=content, error=error, retry_in_s=retry_in_s)


class ToolResult(Versioned):
    """The answer to one attempt of a call, put into Redis under the call's own key."""

    call: CallMessage
    result: CallOutcome
    worker: str
    queue_wait_ms: int = Field(description="From the grant to the claim, by the clock of Redis.")
    run_ms: int = Field(description="The tool's own time, by the worker's monotonic clock.")


class ToolSpec(Message):
    """A tool as it is announced: all that the orchestrator and the model need to know of it."""

    name: str
    description: str
    parameters: dict[str, JsonValue] = Field(description="JSON schema of the arguments.")
    strict_parameters: dict[str, JsonValue] | None = Field(
        default=None, description="The schema in the providers' strict form, where it can be had."
    )
    queue: str
    timeout_s: float
    idempotent: bool
    retries: int
    max_result_bytes: int
    tags: tuple[str, ...] = ()
    schema_hash: str = Field(description="Hash of name, description and parameters: of what the model sees.")


class Announcement(Versioned):
    """What one worker process offers, repeated while it lives."""

    worker_id: str = Field(description="Unique for each process start; a host name may come back.")
    worker: str = Field(description="Celery's node name, for people.")
    queues: tuple[str, ...]
    tools: tuple[ToolSpec, ...]


class ToolVersion(Message):
    """A tool as it is found again."""

    name: str
    schema_hash: str


class Taker(Message):
    """What the announcement of every version says of its worker."""

    version: int
    queues: tuple[str, ...]
    tools: tuple[ToolVersion, ...]

    def takes(self, call: CallMessage, queue: str) -> bool:
        """Whether this worker runs the call when it finds it in that queue."""
        wanted = ToolVersion(name=call.tool, schema_hash=call.schema_hash)
        return self.version == call.version and queue in self.queues and wanted in self.tools


class PoisonMessage(Message):
    """An element of a queue that was no message, put aside for people."""

    queue: str
    reason: str = Field(description="The field at fault.")
    at: datetime = Field(description="By the clock of the process that took it.")
    size: int = Field(description="Of the whole element, in bytes.")
    element: str = Field(description="Its beginning; what is no UTF-8 is escaped.")

    @classmethod
    def of(cls, queue: str, reason: str, element: bytes, characters: int) -> Self:
        text = element[:characters].decode(errors="backslashreplace")
        return cls(queue=queue, reason=reason, at=datetime.now(UTC), size=len(element), element=text[:characters])
