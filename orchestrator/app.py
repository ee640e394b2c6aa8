"""The API's process: `uvicorn orchestrator.app:app`. Importing it reads no settings and connects to nothing."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware

from orchestrator import migration
from orchestrator.api import events, health, notices, runs, tools
from orchestrator.api.admission import admission
from orchestrator.api.door import Door
from orchestrator.api.envelope import Envelope
from orchestrator.api.openapi import DescribedAPI
from orchestrator.api.problems import HANDLERS
from orchestrator.api.services import Services
from orchestrator.api.startup import BriefFailure
from orchestrator.api.stopping import on_stop
from orchestrator.api.streams import Streams
from orchestrator.api.texts import Texts
from orchestrator.api.waiting import Waiters
from orchestrator.database import Database
from orchestrator.engine import Engine
from orchestrator.settings import Settings
from orchestrator.store import backlog
from orchestrator.store.backlog import Backlog
from tasks import logs
from tasks.app import make_app
from tasks.broker import connect_async

_DESCRIPTION: Final = (
    "Durable parallel tool calls. Post a chat request that names tools; the model's tool calls are run by tool workers, "
    "in parallel, and their results go back to the model until it answers. Refusals are `application/problem+json` (RFC 9457)."
)
_TAGS: Final = [
    {"name": "runs", "description": "Chat requests with all their turns and tool calls."},
    {"name": "tools", "description": "What the tool workers offer."},
    {"name": "service", "description": "The service's own state."},
]


def create_app(make_services: Callable[[], Services]) -> FastAPI:
    """The ASGI app; what it works with is made when it starts, in the process that serves."""

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncGenerator[None]:
        services = make_services()
        api.state.services = services
        try:
            async with services.waiters.listening(), services.streams.running():
                with on_stop(services.stopping.set, services.release, services.settings.drain_s):
                    yield
        finally:
            await services.admission.close()
            services.close()

    api = DescribedAPI(
        title="Toolchord",
        version=version("toolchord"),
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        redoc_url=None,
        # A redirect would be built from the caller's Host header.
        redirect_slashes=False,
        lifespan=lifespan,
        middleware=[Middleware(BriefFailure), Middleware(Envelope), Middleware(Door)],
        exception_handlers=HANDLERS,
        # Its log records would hold the words of exceptions, and so what was posted.
        telemetry={"logs": False},
    )
    for routes in (runs, events, tools, health):
        api.include_router(routes.router)
    return api


def services(engine: Engine) -> Services:
    """The real ones."""
    return Services(
        settings=engine.settings,
        runs=engine.runs,
        admission=admission(engine.settings, partial(_measured, engine.database)),
        waiters=Waiters(engine.runs.ended, partial(notices.finished, engine.settings.require_database())),
        streams=streams(engine),
        at_head=partial(migration.at_head, engine.database.engine),
        ping_redis=engine.redis.ping,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - its keyword arguments are not typed
        close=engine.close,
    )


def streams(engine: Engine) -> Streams:
    """Of one API process."""
    texts = Texts(partial(connect_async, engine.settings.require_redis()))
    return Streams(engine.runs.latest_events, engine.runs.events, texts, engine.settings.max_streams)


def _measured(database: Database, most_queued: int, most_running: int) -> Backlog:
    with database.transaction() as session:
        return backlog.measure(session, most_queued, most_running)


def _from_environment() -> Services:
    settings = Settings()
    logs.configure(settings.log_level)
    _quiet_server()
    return services(Engine(settings, make_app("toolchord.api", settings.require_redis())))


def _quiet_server() -> None:
    """Lets uvicorn's records go the way of all others. Its line for each request holds the query, ours does not."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


app = create_app(_from_environment)
