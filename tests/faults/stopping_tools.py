"""Tools that take long the first time they are called, and may be run again."""

import asyncio
import time

from tasks import RetryTool, ToolContext, tool
from tests.acceptance.ledger import recorded


@tool(idempotent=True)
async def once_slow(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep on the event loop, in the first attempt only."""
    with recorded("once_slow", context, {"label": label}):
        await asyncio.sleep(seconds if context.attempt == 1 else 0)
        return f"once_slow {label}"


@tool(idempotent=True)
def once_slow_in_process(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep in a process of its own, in the first attempt only."""
    with recorded("once_slow_in_process", context, {"label": label}):
        time.sleep(seconds if context.attempt == 1 else 0)
        return f"once_slow_in_process {label}"


@tool(idempotent=True)
def once_stubborn_in_process(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep in a process of its own and let nothing interrupt it, in the first attempt only."""
    with recorded("once_stubborn_in_process", context, {"label": label}):
        wakes_at = time.monotonic() + (seconds if context.attempt == 1 else 0)
        while time.monotonic() < wakes_at:
            try:
                time.sleep(0.1)
            except BaseException:  # noqa: BLE001 - the point of this tool
                continue
        return f"once_stubborn_in_process {label}"


@tool(idempotent=True)
async def once_in_thread(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep in a thread that nothing ends, in the first attempt only."""
    with recorded("once_in_thread", context, {"label": label}):
        await asyncio.to_thread(time.sleep, seconds if context.attempt == 1 else 0)
        return f"once_in_thread {label}"


@tool(retries=1)
async def later(label: str, seconds: float, context: ToolContext) -> str:
    """Ask to be called again after so many seconds, and answer then."""
    with recorded("later", context, {"label": label}):
        if context.attempt == 1:
            raise RetryTool("Later.", after_s=seconds)
        return f"later {label}"
