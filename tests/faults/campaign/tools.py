"""The tools of a campaign. Each tells which attempt answers, and writes what it does where Toolchord cannot."""

import asyncio
import os
import signal
import time

from pydantic import BaseModel

from tasks import RetryTool, ToolContext, ToolFailed, tool
from tests.acceptance.ledger import recorded
from tests.faults.campaign import bank


class Answer(BaseModel):
    """What every tool answers."""

    call: str
    attempt: int


def _answer(context: ToolContext) -> Answer:
    return Answer(call=context.tool_call_id, attempt=context.attempt)


@tool(idempotent=True)
async def look(seconds: float, context: ToolContext) -> Answer:
    """Take some time on the event loop; may be done again."""
    with recorded("look", context, {"seconds": seconds}):
        await asyncio.sleep(seconds)
        return _answer(context)


@tool(idempotent=True)
def compute(seconds: float, context: ToolContext) -> Answer:
    """Take some time in a process; may be done again."""
    with recorded("compute", context, {"seconds": seconds}):
        time.sleep(seconds)
        return _answer(context)


@tool(idempotent=True)
async def pay(seconds: float, context: ToolContext) -> Answer:
    """Pay on the event loop, at a bank that knows the call's key."""
    with recorded("pay", context, {"seconds": seconds}):
        await asyncio.sleep(seconds)
        bank.pay(context)
        return _answer(context)


@tool(idempotent=True)
def transfer(seconds: float, context: ToolContext) -> Answer:
    """Pay in a process, at a bank that knows the call's key."""
    with recorded("transfer", context, {"seconds": seconds}):
        bank.pay(context)
        time.sleep(seconds)
        return _answer(context)


@tool
async def mail(seconds: float, context: ToolContext) -> Answer:
    """Take some time on the event loop; must not be done again."""
    with recorded("mail", context, {"seconds": seconds}):
        await asyncio.sleep(seconds)
        return _answer(context)


@tool
def stamp(seconds: float, context: ToolContext) -> Answer:
    """Take some time in a process; must not be done again."""
    with recorded("stamp", context, {"seconds": seconds}):
        time.sleep(seconds)
        return _answer(context)


@tool(idempotent=True)
async def flaky(seconds: float, context: ToolContext) -> Answer:
    """Succeed on the event loop with the second attempt only."""
    with recorded("flaky", context, {"seconds": seconds}):
        await asyncio.sleep(seconds)
        if context.attempt == 1:
            raise RetryTool("not yet", after_s=0.2)
        return _answer(context)


@tool(idempotent=True)
def flaky_in_process(seconds: float, context: ToolContext) -> Answer:
    """Succeed in a process with the second attempt only."""
    with recorded("flaky_in_process", context, {"seconds": seconds}):
        time.sleep(seconds)
        if context.attempt == 1:
            raise RetryTool("not yet")
        return _answer(context)


@tool
async def fail(seconds: float, context: ToolContext) -> Answer:
    """Fail on the event loop."""
    with recorded("fail", context, {"seconds": seconds}):
        await asyncio.sleep(seconds)
        raise ToolFailed("it cannot be done")


@tool
def stumble(seconds: float, context: ToolContext) -> Answer:
    """Fail in a process with an error that nobody foresaw."""
    with recorded("stumble", context, {"seconds": seconds}):
        time.sleep(seconds)
        raise ZeroDivisionError


@tool(idempotent=True)
def poison(seconds: float, context: ToolContext) -> Answer:
    """Kill the process that it runs in, each time."""
    with recorded("poison", context, {"seconds": seconds}):
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGKILL)
        return _answer(context)


@tool(idempotent=True)
async def report(seconds: float, context: ToolContext) -> Answer:
    """Say several times how far it is."""
    with recorded("report", context, {"seconds": seconds}):
        for part in range(4):
            context.progress("on its way", part / 4)
            await asyncio.sleep(seconds / 4)
        return _answer(context)


@tool(timeout=1.0)
async def dawdle(seconds: float, context: ToolContext) -> Answer:
    """Take longer on the event loop than there is time."""
    with recorded("dawdle", context, {"seconds": seconds}):
        await asyncio.sleep(2 + seconds)
        return _answer(context)


@tool(timeout=1.0)
def loiter(seconds: float, context: ToolContext) -> Answer:
    """Take longer in a process than there is time."""
    with recorded("loiter", context, {"seconds": seconds}):
        time.sleep(2 + seconds)
        return _answer(context)


#: Those that pay.
BANK_TOOLS = frozenset({"pay", "transfer"})
#: Those that may be done again.
IDEMPOTENT_TOOLS = frozenset({"look", "compute", "pay", "transfer", "flaky", "flaky_in_process", "poison", "report"})
