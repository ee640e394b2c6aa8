"""Tools that take as long as they are told, of both pools."""

import asyncio
import time
from pathlib import Path

from tasks import ToolContext, tool
from tests.acceptance.ledger import recorded

_LOOK_EVERY_S = 0.05


@tool
async def nap(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep on the event loop."""
    with recorded("nap", context, {"label": label, "seconds": seconds}):
        await asyncio.sleep(seconds)
        return f"nap {label}"


@tool
def doze(label: str, seconds: float, context: ToolContext) -> str:
    """Sleep in a process of its own."""
    with recorded("doze", context, {"label": label, "seconds": seconds}):
        time.sleep(seconds)
        return f"doze {label}"


@tool(timeout=0.5)
async def short_nap(seconds: float, context: ToolContext) -> str:
    """Sleep on the event loop for half a second at most."""
    with recorded("short_nap", context, {"seconds": seconds}):
        await asyncio.sleep(seconds)
        return "slept"


@tool(timeout=0.5)
def short_doze(seconds: float, context: ToolContext) -> str:
    """Sleep in a process of its own for half a second at most."""
    with recorded("short_doze", context, {"seconds": seconds}):
        time.sleep(seconds)
        return "slept"


@tool(timeout=0.5)
def stubborn_doze(seconds: float, context: ToolContext) -> str:
    """Sleep in a process of its own and let nothing interrupt it."""
    with recorded("stubborn_doze", context, {"seconds": seconds}):
        wakes_at = time.monotonic() + seconds
        while time.monotonic() < wakes_at:
            try:
                time.sleep(0.1)
            except BaseException:  # noqa: BLE001 - the point of this tool
                continue
        return "slept"


@tool(timeout=0.5)
async def stubborn_nap(seconds: float, context: ToolContext) -> str:
    """Sleep on the event loop and let nothing interrupt it."""
    with recorded("stubborn_nap", context, {"seconds": seconds}):
        wakes_at = time.monotonic() + seconds
        while time.monotonic() < wakes_at:
            try:
                await asyncio.sleep(0.1)
            except asyncio.CancelledError:
                continue
        return "slept"


@tool
async def wait(label: str, gate: str, context: ToolContext) -> str:
    """Say how far it is, then wait on the event loop until a file is there."""
    with recorded("wait", context, {"label": label}):
        context.progress("halfway", 0.5)
        while not Path(gate).exists():  # noqa: ASYNC110, ASYNC240 - another process makes the file
            await asyncio.sleep(_LOOK_EVERY_S)
        return f"wait {label}"


@tool
def wait_in_process(label: str, gate: str, context: ToolContext) -> str:
    """Say how far it is, then wait in a process of its own until a file is there."""
    with recorded("wait_in_process", context, {"label": label}):
        context.progress("halfway", 0.5)
        while not Path(gate).exists():
            time.sleep(_LOOK_EVERY_S)
        return f"wait_in_process {label}"


@tool
async def ping(context: ToolContext, note: str = "") -> str:
    """Answer at once; needs no argument."""
    with recorded("ping", context, {"note": note}):
        return f"pong {note}".strip()
