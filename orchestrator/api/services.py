"""What the routes work with, put together in orchestrator.app."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from orchestrator.api.waiting import Waiters
from orchestrator.runs import Runs
from orchestrator.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """One for each process."""

    settings: Settings
    runs: Runs
    waiters: Waiters
    #: Whether the database has the newest schema. Raises sqlalchemy.exc.SQLAlchemyError when it is away.
    at_head: Callable[[], bool]
    #: Raises redis.exceptions.RedisError when Redis is away.
    ping_redis: Callable[[], object]
    close: Callable[[], None]


async def _services(request: Request) -> Services:
    return request.app.state.services


Given = Annotated[Services, Depends(_services)]
