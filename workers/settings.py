"""A tool worker's settings, read from the environment once when the process starts."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from tasks.environment import EnvironmentSettings


class WorkerSettings(EnvironmentSettings):
    """Every variable has the prefix TOOLCHORD_, except REDIS_URL. Each may also be a file of that name in the folder that
    TOOLCHORD_SECRETS_DIR names."""

    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        validation_alias="REDIS_URL",
        description="The broker, redis:// or rediss://.",
    )
    tools: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("tasks.tools",), description="Modules, packages or files that hold tools, separated by commas."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    heartbeat_file: Path | None = Field(default=None, description="File touched while the process is well, for health checks.")
    stop_grace_s: float = Field(
        default=20.0, ge=0, description="Seconds that what runs has to end when the process is told to stop; the rest is handed back."
    )

    @field_validator("tools", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
