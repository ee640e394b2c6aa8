"""Tools on the queues of hosts: whoever serves a host's queues can be told by the tool that is called."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tasks import Tool, ToolContext, tool
from tests.acceptance.ledger import recorded

HOSTS: Final = ("silent", "mute", "deaf", "frozen", "vanished")

_TIMEOUT_S: Final = 120.0
#: How long every attempt but the first takes.
_MOMENT_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.05


def io_queue(host: str) -> str:
    """Where the host's `async def` tools go."""
    return f"{host}.io"


def default_queue(host: str) -> str:
    """Where the host's `def` tools go."""
    return f"{host}.default"


def life_sign(gate: str, call_id: str) -> Path:
    """The file in which a tool that nothing interrupts writes when it was last alive."""
    return Path(f"{gate}.{call_id}")


def _shut(context: ToolContext, gate: str) -> bool:
    """Whether the attempt has to wait."""
    return context.attempt == 1 and not Path(gate).exists()


def _tools(host: str) -> list[Tool[..., Any]]:
    options: dict[str, Any] = {"timeout": _TIMEOUT_S}

    @tool(name=f"hold_{host}", queue=io_queue(host), idempotent=True, **options)
    async def hold(gate: str, context: ToolContext) -> str:
        """Wait on the event loop, in the first attempt until a file is there; waiting twice does no harm."""
        with recorded(f"hold_{host}", context, {}):
            while _shut(context, gate):  # noqa: ASYNC110 - another process makes the file
                await asyncio.sleep(_LOOK_EVERY_S)
            await asyncio.sleep(_MOMENT_S)
            return f"attempt {context.attempt}"

    @tool(name=f"spend_{host}", queue=io_queue(host), **options)
    async def spend(gate: str, context: ToolContext) -> str:
        """Wait on the event loop until a file is there; twice would be once too often."""
        with recorded(f"spend_{host}", context, {}):
            while _shut(context, gate):  # noqa: ASYNC110 - another process makes the file
                await asyncio.sleep(_LOOK_EVERY_S)
            await asyncio.sleep(_MOMENT_S)
            return f"attempt {context.attempt}"

    @tool(name=f"grind_{host}", queue=default_queue(host), idempotent=True, **options)
    def grind(gate: str, context: ToolContext) -> str:
        """Wait in a process, in the first attempt until a file is there; waiting twice does no harm."""
        with recorded(f"grind_{host}", context, {}):
            while _shut(context, gate):
                time.sleep(_LOOK_EVERY_S)
            time.sleep(_MOMENT_S)
            return f"attempt {context.attempt}"

    @tool(name=f"insist_{host}", queue=default_queue(host), idempotent=True, **options)
    def insist(gate: str, context: ToolContext) -> str:
        """Wait in a process as `grind` does, and let nothing interrupt it."""
        with recorded(f"insist_{host}", context, {}):
            while _shut(context, gate):
                with suppress(BaseException):
                    life_sign(gate, context.tool_call_id).write_text(str(time.monotonic()))
                    time.sleep(_LOOK_EVERY_S)
            time.sleep(_MOMENT_S)
            return f"attempt {context.attempt}"

    return [hold, spend, grind, insist]


# A worker looks for tools among a module's names.
globals().update({made.spec.name: made for host in HOSTS for made in _tools(host)})
