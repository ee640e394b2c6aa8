"""Toolchord for a backend's own code: runs, typed calls and typed answers over HTTP."""

from orchestrator.client.calls import Calls
from orchestrator.client.errors import (
    InvalidCall,
    InvalidCalls,
    InvalidOutput,
    InvalidUrl,
    NoResult,
    NotCompleted,
    NotFound,
    NotNow,
    NotReached,
    NotToolchord,
    Refused,
    StillRunning,
    ToolchordError,
    UnknownForm,
)
from orchestrator.client.toolchord import ParsedRun, Toolchord
from orchestrator.schemas.run import RunObject as Run

__all__ = [
    "Calls",
    "InvalidCall",
    "InvalidCalls",
    "InvalidOutput",
    "InvalidUrl",
    "NoResult",
    "NotCompleted",
    "NotFound",
    "NotNow",
    "NotReached",
    "NotToolchord",
    "ParsedRun",
    "Refused",
    "Run",
    "StillRunning",
    "Toolchord",
    "ToolchordError",
    "UnknownForm",
]
