"""The tables. A transcript is stored once: a run's input, each turn's reply, each call's answer."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from pydantic import JsonValue
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Numeric,
    Text,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tasks.messages import Outcome

#: OpenAI's words for what a run is at.
RUN_STATUSES: Final = ("queued", "in_progress", "requires_action", "completed", "incomplete", "failed", "cancelled")


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can name it too. Times are UTC, in `timestamptz`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        str: Text,
        datetime: DateTime(timezone=True),
        Decimal: Numeric(18, 9),
        dict[str, JsonValue]: JSONB(none_as_null=True),
        list[dict[str, JsonValue]]: JSONB(none_as_null=True),
        dict[str, str]: JSONB(none_as_null=True),
    }


def _one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """Refuses any other word, whoever writes."""
    allowed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} in ({allowed})", name=column)


class Tokens:
    """Columns that count the tokens of model calls, and their price where it is known."""

    prompt_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    completion_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    total_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cached_tokens: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    cost_usd: Mapped[Decimal | None]


class Run(Tokens, Base):
    """One request with all its turns. `turn`, `step` and `step_attempt` say where it stands: a step is claimed by
    compare-and-set on them, and written only by the attempt that claimed it."""

    __tablename__ = "runs"
    __table_args__ = (
        _one_of("status", RUN_STATUSES),
        _one_of("step", ("model", "tools", "done")),
        Index("ix_runs_open", "id", postgresql_where=text("status in ('queued', 'in_progress')")),
        Index("ix_runs_status_id", "status", "id"),
        Index("ix_runs_metadata", "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    model: Mapped[str]
    messages: Mapped[list[dict[str, JsonValue]]] = mapped_column(
        JSON, deferred=True, doc="The input, as it was posted; long, so read only when needed."
    )
    tools: Mapped[dict[str, str]] = mapped_column(
        JSON, doc="Tool name to schema hash: the versions that the model sees, in order. Those of result_tools have an empty hash."
    )
    options: Mapped[dict[str, JsonValue]] = mapped_column(doc="tool_choice, parallel_tool_calls, sampling options.")
    result_tools: Mapped[list[dict[str, JsonValue]] | None] = mapped_column(
        JSON(none_as_null=True),
        deferred=True,
        doc="Tools described in the request: their calls are the run's result, and are not executed.",
    )
    response_format: Mapped[dict[str, JsonValue] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, doc="The form that the final answer must have."
    )
    previous_run_id: Mapped[str | None] = mapped_column(
        ForeignKey("runs.id"), index=True, doc="The run whose transcript comes before the input."
    )
    labels: Mapped[dict[str, str]] = mapped_column("metadata", doc="The caller's own labels.")
    max_turns: Mapped[int]
    max_parallel_tool_calls: Mapped[int]
    max_total_tokens: Mapped[int | None] = mapped_column(BigInteger)
    max_tool_calls: Mapped[int | None]
    used_tool_calls: Mapped[int] = mapped_column(
        default=0, server_default="0", doc="Calls that were let run, counted in the transaction that records them."
    )
    max_cost_usd: Mapped[Decimal | None]
    max_repairs: Mapped[int] = mapped_column(default=1, server_default="1", doc="How often the model is told that its answer is not valid.")
    repairs: Mapped[int] = mapped_column(default=0, server_default="0")
    stream: Mapped[bool] = mapped_column(default=False, server_default=false(), doc="Model calls are streamed, and heard while they come.")

    turn: Mapped[int] = mapped_column(default=1)
    step: Mapped[str] = mapped_column(default="model", doc="What the turn waits for: model, tools or nothing (done).")
    step_attempt: Mapped[int] = mapped_column(default=0)
    step_lease_until: Mapped[datetime | None]
    last_event: Mapped[int] = mapped_column(default=0, server_default="0", doc="The seq of the run's newest event.")

    start_within_s: Mapped[float | None] = mapped_column(doc="Calls that have not started by then are not started.")
    turn_deadline_s: Mapped[float | None] = mapped_column(doc="A turn goes on by then with the answers that are there.")
    turn_deadline_at: Mapped[datetime | None] = mapped_column(doc="When that is for the turn that waits.")
    fail_fast: Mapped[bool] = mapped_column(default=False, server_default=false(), doc="A turn goes on when a call has failed.")

    incomplete_reason: Mapped[str | None]
    error: Mapped[dict[str, JsonValue] | None]
    warnings: Mapped[list[dict[str, JsonValue]] | None] = mapped_column(
        JSON(none_as_null=True), doc="What was changed in the model calls because the provider could not keep it, each once."
    )

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deadline_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Turn(Tokens, Base):
    """One model call's reply. Its tool calls are rows of their own."""

    __tablename__ = "turns"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[str | None]
    refusal: Mapped[str | None]
    finish_reason: Mapped[str | None]
    provider: Mapped[str] = mapped_column(default="openai", server_default="openai", doc="The name of the provider's record.")
    raw: Mapped[JsonValue | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, doc="The turn as its provider wrote it, where the rest does not say it all."
    )
    feedback: Mapped[str | None] = mapped_column(doc="What the model was told about its answer, as a user would.")
    model: Mapped[str] = mapped_column(doc="The model's name as the provider gave it.")
    request_id: Mapped[str | None] = mapped_column(doc="The provider's id of the model call.")
    latency_ms: Mapped[int]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ToolCall(Base):
    """One tool call of a reply and, at its end, its tool message. `attempt` is the fence: a result of another attempt
    is not written."""

    __tablename__ = "tool_calls"
    __table_args__ = (
        _one_of("status", ("queued", "in_progress", *Outcome)),
        ForeignKeyConstraint(["run_id", "turn"], ["turns.run_id", "turns.turn"], ondelete="CASCADE"),
    )

    run_id: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    call_index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tool_call_id: Mapped[str] = mapped_column(doc="What is on the wire: unique and never empty.")
    provider_call_id: Mapped[str | None] = mapped_column(doc="The id as the provider sent it.")
    name: Mapped[str]
    arguments: Mapped[str] = mapped_column(doc="JSON text as the model wrote it.")
    status: Mapped[str] = mapped_column(doc="queued, in_progress, or the call's outcome.")
    attempt: Mapped[int] = mapped_column(default=1)
    max_attempts: Mapped[int] = mapped_column(default=1)
    idempotent: Mapped[bool] = mapped_column(default=False)
    execute: Mapped[bool] = mapped_column(default=True, server_default=true(), doc="Whether it runs; else the call itself is a result.")
    schema_hash: Mapped[str | None]
    queue: Mapped[str | None]
    timeout_s: Mapped[float | None]
    content: Mapped[str | None] = mapped_column(doc="The tool message's text.")
    error: Mapped[dict[str, JsonValue] | None]
    truncated: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[dict[str, JsonValue] | None]
    worker: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    granted_at: Mapped[datetime | None] = mapped_column(doc="When Redis had the grant of this attempt.")
    epoch: Mapped[str | None] = mapped_column(doc="Redis' epoch when this attempt was to be granted.")
    not_before: Mapped[datetime | None] = mapped_column(doc="When the wait before this attempt is over.")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    queue_wait_ms: Mapped[int | None]
    run_ms: Mapped[int | None]


class Closing(Base):
    """A turn of which calls were answered without their workers: Redis is yet to be told, so that they do not start and stop
    if they run."""

    __tablename__ = "closings"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RunEvent(Base):
    """One thing that happened to a run, written in the transaction of the change it describes and never changed. A run's
    events are numbered from 1 without a gap."""

    __tablename__ = "run_events"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    type: Mapped[str]
    turn: Mapped[int | None]
    call_index: Mapped[int | None]
    attempt: Mapped[int | None]
    data: Mapped[dict[str, JsonValue]] = mapped_column(doc="What else there is to say of this type of event; short.")


class ToolVersion(Base):
    """A version of a tool that a worker announced; runs refer to it by its hash."""

    __tablename__ = "tool_versions"

    name: Mapped[str] = mapped_column(primary_key=True)
    schema_hash: Mapped[str] = mapped_column(primary_key=True)
    spec: Mapped[dict[str, JsonValue]]
    workers: Mapped[int] = mapped_column(doc="Live worker processes that offered it when it was last seen.")
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ModelProvider(Base):
    """Whether the coordinators can ask a provider of models, as the one that started last said it. The name `*` stands for models
    whose names begin with no provider's."""

    __tablename__ = "model_providers"

    name: Mapped[str] = mapped_column(primary_key=True)
    problem: Mapped[str | None] = mapped_column(doc="Why not, and what to do.")
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IdempotencyKey(Base):
    """A caller's own name of a request, and the run that was started for it."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(doc="Hash of what was asked for.")
    run_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Lease(Base):
    """Who leads, until when, by the database's clock."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[datetime]
