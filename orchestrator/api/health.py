"""The service's own state, for whoever runs it. Needs no database to answer, and tells no secrets."""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Final, Literal, TypeVar

import anyio
from fastapi import APIRouter, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.api.answers import answer
from orchestrator.api.services import Given
from orchestrator.schemas.health import Liveness, Readiness, Version

#: Postgres is needed: a slow answer is as good as none.
_POSTGRES_S: Final = 5.0
#: Redis is only reported: it must not hold the answer up until a probe gives in, mostly after one second.
_REDIS_S: Final = 0.5

_T = TypeVar("_T")

router: Final = APIRouter(tags=["service"])


@router.get("/livez", operation_id="livez")
@router.get("/healthz", operation_id="healthz")
async def livez() -> Liveness:
    """Says that the process answers, and nothing of what it depends on. Both paths are the same."""
    return Liveness()


@router.get("/version", operation_id="version")
async def read_version() -> Version:
    """Says which Toolchord this is."""
    return Version(version=version("toolchord"))


@router.get("/readyz", operation_id="readyz", response_model=Readiness, responses={503: {"model": Readiness, "description": "Not ready."}})
async def readyz(services: Given) -> Response:
    """Says whether requests are to be sent here: Postgres answers and has the newest schema, and the process is not stopping."""
    postgres, redis = await asyncio.gather(
        _within(_POSTGRES_S, partial(_postgres, services.at_head)),
        _within(_REDIS_S, partial(_redis, services.ping_redis)),
    )
    status = _status(postgres, stopping=services.stopping.is_set())
    state = Readiness(status=status, postgres=postgres or "unreachable", redis=redis or "unreachable")
    return answer(state, 200 if status == "ready" else 503)


def _status(postgres: str | None, *, stopping: bool) -> Literal["ready", "unready", "stopping"]:
    if stopping:
        return "stopping"
    return "ready" if postgres == "ok" else "unready"


async def _within(seconds: float, check: Callable[[], _T]) -> _T | None:
    """What the check finds; None when it takes longer, and its thread is left to itself."""
    with anyio.move_on_after(seconds):
        return await anyio.to_thread.run_sync(check, abandon_on_cancel=True)
    return None


def _postgres(at_head: Callable[[], bool]) -> Literal["ok", "unreachable", "not_migrated"]:
    try:
        return "ok" if at_head() else "not_migrated"
    except SQLAlchemyError:
        return "unreachable"


def _redis(ping: Callable[[], object]) -> Literal["ok", "unreachable"]:
    try:
        ping()
    except RedisError:
        return "unreachable"
    return "ok"
