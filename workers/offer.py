"""Which tools a worker offers."""

from collections.abc import Iterable
from typing import Final

import structlog

from tasks.catalogue import AnyTool
from tasks.messages import ToolSpec

#: Pools that can stop a sync tool (a killed process) and those that can stop an async one (a cancelled coroutine).
_STOPS_SYNC: Final = ("celery.concurrency.prefork",)
_STOPS_ASYNC: Final = ("celery.concurrency.prefork", "celery.concurrency.thread")

_log = structlog.get_logger(__name__)


def offered(tools: Iterable[AnyTool], queues: Iterable[str], pool: str) -> tuple[ToolSpec, ...]:
    """The tools of these queues whose timeouts the pool, named by its module, can keep. The others are refused, since
    their calls could hang for ever."""
    served = [tool for tool in tools if tool.spec.queue in set(queues)]
    kept = [tool for tool in served if pool in (_STOPS_ASYNC if tool.is_async else _STOPS_SYNC)]
    for tool in served:
        if tool not in kept:
            mend = "make it `async def` or serve its queue with --pool=prefork"
            _log.error("tool_not_announced", tool=tool.spec.name, queue=tool.spec.queue, pool=pool, mend=mend)
    return tuple(tool.spec for tool in kept)
