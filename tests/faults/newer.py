"""The tools of a worker that was deployed later: a new tool, and a new version of one."""

import asyncio

from tasks import tool


@tool(idempotent=True)
async def linger(label: str) -> str:
    """Sleep on the event loop for as long as is good."""
    await asyncio.sleep(0.1)
    return f"newer linger {label}"


@tool
async def novelty(label: str) -> str:
    """Do what no older worker can."""
    await asyncio.sleep(0.1)
    return f"novelty {label}"
