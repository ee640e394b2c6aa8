"""Tools that may be run again."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from tasks import RetryTool, ToolContext, tool
from tests.acceptance.ledger import recorded

_LOOK_EVERY_S: Final = 0.05


@tool(idempotent=True)
async def linger(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep on the event loop; sleeping twice does no harm."""
    with recorded("linger", context, {"label": label, "seconds": seconds}):
        await asyncio.sleep(seconds)
        return f"linger {label}"


@tool(idempotent=True)
def linger_in_process(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep in a process of its own; sleeping twice does no harm."""
    with recorded("linger_in_process", context, {"label": label, "seconds": seconds}):
        time.sleep(seconds)
        return f"linger_in_process {label}"


@tool(idempotent=True)
def perish(context: ToolContext) -> str:
    """Kill the process that runs it, at each attempt."""
    with recorded("perish", context, {}):
        os.kill(os.getpid(), signal.SIGKILL)
        return "still there"


@tool(idempotent=True)
async def stumble(label: str, context: ToolContext) -> str:
    """Ask to be tried again once, then succeed."""
    with recorded("stumble", context, {"label": label}):
        if context.attempt == 1:
            raise RetryTool("not yet", after_s=0.2)
        return f"stumble {label}"


class Attested(BaseModel):
    """Which attempt of which call has run."""

    call: str
    attempt: int


@tool(idempotent=True)
def attest(seconds: float, context: ToolContext) -> Attested:
    """Sleep in a process of its own, and say who did."""
    with recorded("attest", context, {"seconds": seconds}):
        time.sleep(seconds)
        return Attested(call=context.tool_call_id, attempt=context.attempt)


@tool(timeout=120)
def stay(gate: str, context: ToolContext) -> str:
    """Wait in a process of its own until a file is there."""
    with recorded("stay", context, {}):
        while not Path(gate).exists():
            time.sleep(_LOOK_EVERY_S)
        return "stayed"
