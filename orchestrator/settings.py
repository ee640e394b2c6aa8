"""The orchestrator's settings, read from the environment once by whoever starts a process, then passed down."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr

from tasks.environment import EnvironmentSettings


def _named(variable: str) -> AliasChoices:
    """A variable that the whole field knows by this name, without our prefix."""
    return AliasChoices(variable, variable.lower())


class Settings(EnvironmentSettings):
    """Every variable has the prefix TOOLCHORD_, except those that the field knows by another name. Each may also be a
    file of that name in the folder that TOOLCHORD_SECRETS_DIR names."""

    database_url: SecretStr | None = Field(
        default=None, validation_alias=_named("DATABASE_URL"), description="Postgres; embedded when unset."
    )
    redis_url: SecretStr | None = Field(default=None, validation_alias=_named("REDIS_URL"), description="Redis; embedded when unset.")

    model: str = Field(default="openai/gpt-5-mini", description="The model of a run that names none, as provider/model.")
    data_dir: Path = Field(default=Path(".toolchord"), description="Where the embedded servers and logs are kept.")
    tools: str = Field(default="tasks.tools", description="Modules of the local stack's tools, separated by commas.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    max_turns: int = Field(default=10, ge=1, le=1000, description="Model calls of a run that asks for no other number.")
    max_parallel_tool_calls: int = Field(default=8, ge=1, le=1024, description="Calls of a run that run at once, by default.")
    max_calls_per_turn: int = Field(default=1024, ge=1, description="Calls beyond these in one reply are answered skipped.")
    deadline_s: float = Field(default=3600.0, gt=0, le=6 * 3600, description="Seconds a run may take, by default.")

    model_timeout_s: float = Field(default=120.0, gt=0, description="Seconds for one model call with its retries.")
    model_connections: int = Field(default=64, ge=1, description="Open connections to the model's provider, at most.")
    database_pool: int = Field(default=16, ge=1, description="Connections of one process to Postgres, at most.")
    database_statement_timeout_s: float = Field(default=10.0, gt=0, description="Seconds one SQL statement may take.")

    max_queued_runs: int = Field(default=10_000, ge=1, description="Runs that wait for their start; beyond these new ones are refused.")
    max_running_runs: int = Field(
        default=10_000, ge=1, description="Runs that have started and not ended; beyond these new ones are refused."
    )
    max_queue_age_s: float = Field(
        default=300.0, gt=0, description="Seconds that the oldest queued run may wait; beyond these new ones are refused."
    )
    max_starting_runs: int = Field(
        default=64, ge=1, description="Requests for a new run that one API process handles at once; beyond these they are refused."
    )
    max_body_bytes: int = Field(default=4_000_000, ge=1024, description="Bytes of a request's body, at most.")
    drain_s: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="Seconds for which the API still takes requests after SIGTERM, while it says that it is not ready.",
    )
    max_wait_s: float = Field(default=60.0, gt=0, description="Seconds that `Prefer: wait` may hold a request, at most.")
    max_streams: int = Field(default=256, ge=1, description="Readers of live events that one API process serves at once.")
    tool_memory_s: float = Field(
        default=86_400.0, gt=0, description="Seconds for which a tool with no live worker is still accepted in new runs."
    )
    sweep_every_s: float = Field(default=2.0, gt=0, description="Seconds between the watcher's sweeps.")
    dispatch_grace_s: float = Field(default=4.0, gt=0, description="Seconds before the watcher doubts that a call was sent.")
    heartbeat_file: Path | None = Field(default=None, description="File touched while the process is well, for health checks.")
    stop_grace_s: float = Field(
        default=20.0, ge=0, description="Seconds that what runs has to end when the process is told to stop; the rest is handed back."
    )

    def require_database(self) -> str:
        """The database's URL. Raises SystemExit with what to do when it is missing."""
        return _required(self.database_url, "DATABASE_URL", "postgresql://user:password@host/name")

    def require_redis(self) -> str:
        """The URL of Redis. Raises SystemExit with what to do when it is missing."""
        return _required(self.redis_url, "REDIS_URL", "redis://host:6379/0")


def _required(value: SecretStr | None, variable: str, example: str) -> str:
    if value is None:
        raise SystemExit(f"{variable} is not set. Set it, for example {variable}={example}, or use `toolchord up`.")
    return value.get_secret_value()
