"""Tools that fail, in each way there is."""

import asyncio
import os
import signal
import sys
from typing import Literal, NoReturn

from tasks import RetryTool, ToolContext, ToolFailed, ToolInputError, tool
from tests.acceptance.ledger import recorded

Way = Literal["error", "tool_failed", "input_error", "exit", "interrupt", "cancelled", "base"]


class _Unusual(BaseException):
    """Not an Exception."""


def _raise(way: Way, words: str) -> NoReturn:
    match way:
        case "error":
            raise RuntimeError(words)
        case "tool_failed":
            raise ToolFailed(words)
        case "input_error":
            raise ToolInputError(words)
        case "exit":
            sys.exit(words)
        case "interrupt":
            raise KeyboardInterrupt(words)
        case "cancelled":
            raise asyncio.CancelledError(words)
        case "base":
            raise _Unusual(words)


@tool
async def fail(way: Way, context: ToolContext, words: str = "no luck") -> str:
    """Fail on the event loop."""
    with recorded("fail", context, {"way": way}):
        _raise(way, words)


@tool
def fail_in_process(way: Way, context: ToolContext, words: str = "no luck") -> str:
    """Fail in a process of its own."""
    with recorded("fail_in_process", context, {"way": way}):
        _raise(way, words)


@tool
def die(context: ToolContext) -> str:
    """Kill the process that runs it."""
    with recorded("die", context, {}):
        os.kill(os.getpid(), signal.SIGKILL)
        return "still there"


@tool
def leave(context: ToolContext) -> str:
    """End the process that runs it, as if all were well."""
    with recorded("leave", context, {}):
        os._exit(0)


@tool(idempotent=True)
def die_once(context: ToolContext) -> str:
    """Kill the process that runs its first attempt."""
    with recorded("die_once", context, {}):
        if context.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return f"attempt {context.attempt}"


@tool(retries=2)
async def flaky(failures: int, context: ToolContext) -> str:
    """Ask to be tried again so many times, then succeed."""
    with recorded("flaky", context, {"failures": failures}):
        if context.attempt <= failures:
            raise RetryTool("not yet", after_s=0.1)
        return f"attempt {context.attempt}"
