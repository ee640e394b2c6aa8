"""What the routes work with, put together in orchestrator.app."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from orchestrator.api.admission import Admission
from orchestrator.api.streams import Streams
from orchestrator.api.waiting import Waiters
from orchestrator.runs import Runs
from orchestrator.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """One for each process."""

    settings: Settings
    runs: Runs
    waiters: Waiters
    streams: Streams
    admission: Admission
    #: Whether the database has the newest schema. Raises sqlalchemy.exc.SQLAlchemyError when it is away.
    at_head: Callable[[], bool]
    #: Raises redis.exceptions.RedisError when Redis is away.
    ping_redis: Callable[[], object]
    close: Callable[[], None]
    #: Set while the process still serves, but not for long.
    stopping: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Lets all go who wait or read, so that the process can end."""
        self.waiters.close()
        self.streams.close()


async def _services(request: Request) -> Services:
    return request.app.state.services


Given = Annotated[Services, Depends(_services)]
