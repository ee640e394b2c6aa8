"""The one tool of the benchmark. Toolchord's workers load this module."""

import asyncio

from tasks import tool


@tool(timeout=30, idempotent=True)
async def pause(milliseconds: int) -> int:
    """Wait as long as a slow service would make its caller wait.

    Args:
        milliseconds: How long to wait.

    """
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds
