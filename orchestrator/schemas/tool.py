"""Tools as they are answered."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from orchestrator.schemas.base import Shown


class ToolObject(Shown):
    """A tool that a new run may name, in its newest version."""

    object: Literal["tool"] = "tool"
    name: str = Field(examples=["get_weather"])
    description: str
    parameters: dict[str, JsonValue] = Field(description="JSON schema of the arguments.")
    strict: bool = Field(description="Whether the providers' strict mode is used for it.")
    queue: str
    timeout_s: float = Field(description="Seconds one attempt may take.")
    idempotent: bool = Field(description="Whether a call may run twice when its worker is lost.")
    retries: int
    max_result_bytes: int
    tags: list[str]
    schema_hash: str = Field(description="Hash of name, description and parameters: of what the model sees.")
    workers: int = Field(description="Live worker processes that offered it when it was last seen.")
    live: bool = Field(description="Whether it was seen within the last 30 seconds.")
    last_seen_at: datetime


class ToolList(Shown):
    """All tools that new runs may name."""

    object: Literal["list"] = "list"
    data: list[ToolObject]
    has_more: bool = False
