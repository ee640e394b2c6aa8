"""What tools really did, written outside Toolchord: a file to which every process appends."""

import os
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue

from tasks import ToolContext

#: Names the file, for the tool workers.
VARIABLE = "ACCEPTANCE_LEDGER"


class Line(BaseModel):
    """One line: a tool's function began or ended. Times are monotonic, and so the same for all processes of a machine."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["began", "ended"]
    execution: str
    call_id: str
    attempt: int
    idempotency_key: str
    tool: str
    arguments: dict[str, JsonValue]
    pid: int
    at: float


class Execution(NamedTuple):
    """A tool's function run once. Without an end it was killed or still runs."""

    began: Line
    ended: Line | None


@contextmanager
def recorded(tool: str, context: ToolContext, arguments: dict[str, Any]) -> Generator[None]:
    """For tools: writes that the function begins and, whatever becomes of it, that it ends."""
    execution = uuid.uuid4().hex

    def write(kind: Literal["began", "ended"]) -> None:
        line = Line(
            kind=kind,
            execution=execution,
            call_id=context.tool_call_id,
            attempt=context.attempt,
            idempotency_key=context.idempotency_key,
            tool=tool,
            arguments=arguments,
            pid=os.getpid(),
            at=time.monotonic(),
        )
        _append(Path(os.environ[VARIABLE]), line.model_dump_json() + "\n")

    write("began")
    try:
        yield
    finally:
        write("ended")


def executions(ledger: Path, run_id: str) -> list[Execution]:
    """What was executed for a run, in the order in which it began."""
    lines = [Line.model_validate_json(line) for line in ledger.read_text().splitlines() if run_id in line]
    ends = {line.execution: line for line in lines if line.kind == "ended"}
    return [Execution(line, ends.get(line.execution)) for line in lines if line.kind == "began"]


def most_at_once(found: list[Execution]) -> int:
    """How many of the executions ran at the same time, at most. All of them must have ended."""
    steps = [(execution.began.at, 1) for execution in found] + [(execution.ended.at, -1) for execution in found if execution.ended]
    running = most = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


def _append(ledger: Path, text: str) -> None:
    """One write to a file opened for appending is whole, whoever else writes."""
    descriptor = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
