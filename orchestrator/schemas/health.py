"""The service's own state as it is answered."""

from typing import Literal

from pydantic import Field

from orchestrator.schemas.base import Shown


class Liveness(Shown):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(Shown):
    """Whether requests can be served. Runs are accepted while Redis is away, and start when it is back. A process that was
    told to stop serves for a little longer, and says `stopping` so that nothing new is sent to it."""

    status: Literal["ready", "unready", "stopping"]
    postgres: Literal["ok", "unreachable", "not_migrated"]
    redis: Literal["ok", "unreachable"]


class Version(Shown):
    """Which Toolchord this is."""

    version: str = Field(examples=["0.1.0"])
