"""The API with services that need no server."""

import threading
from collections.abc import AsyncIterator, Collection, Generator, Mapping
from datetime import UTC, datetime
from typing import cast

import anyio
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from orchestrator.api.admission import admission
from orchestrator.api.services import Services
from orchestrator.api.streams import Streams
from orchestrator.api.texts import Texts
from orchestrator.api.waiting import Waiters
from orchestrator.app import create_app
from orchestrator.errors import NotFound
from orchestrator.ids import new_run_id
from orchestrator.llm.model import TOKEN_COUNTS
from orchestrator.runs import NewRun, Runs, RunView
from orchestrator.settings import Settings
from orchestrator.store.backlog import Backlog
from orchestrator.tables import Run, RunEvent, ToolVersion

_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class FakeRuns:
    """Runs in memory. `error` is raised by whatever is asked next."""

    def __init__(self) -> None:
        self.started: list[NewRun] = []
        self.rows: dict[str, Run] = {}
        self.asked: list[tuple[int, str | None, str | None, Mapping[str, str]]] = []
        self.error: Exception | None = None

    def start(self, new: NewRun) -> str:
        self._fail()
        run_id = new_run_id()
        self.started.append(new)
        self.rows[run_id] = Run(
            id=run_id,
            status="queued",
            model=new.model,
            messages=list(new.messages),
            tools=dict.fromkeys(new.tools, "h1"),
            options=new.options,
            labels=new.labels,
            max_turns=new.max_turns,
            max_parallel_tool_calls=new.max_parallel_tool_calls,
            turn_deadline_s=new.turn_deadline_s,
            start_within_s=new.start_within_s,
            max_repairs=1,
            repairs=0,
            stream=False,
            fail_fast=new.fail_fast,
            **dict.fromkeys(TOKEN_COUNTS, 0),
            created_at=_NOW,
            deadline_at=_NOW,
        )
        return run_id

    def read(self, run_id: str) -> RunView:
        self._fail()
        if run_id not in self.rows:
            raise NotFound
        return RunView(self.rows[run_id], [], [])

    def events(self, run_id: str, after: int, limit: int) -> list[RunEvent]:
        self.read(run_id)
        kinds = ("run.queued", "model_call.started", "run.cancelled")
        events = [
            RunEvent(seq=seq, at=_NOW, type=kind, turn=None, call_index=None, attempt=None, data={}) for seq, kind in enumerate(kinds, 1)
        ]
        return events[after : after + limit]

    def page(self, limit: int, after: str | None, status: str | None, labels: Mapping[str, str]) -> list[Run]:
        self._fail()
        self.asked.append((limit, after, status, labels))
        return list(self.rows.values())[:limit]

    def cancel(self, run_id: str) -> None:
        self.read(run_id).run.status = "cancelled"

    def latest_events(self, run_ids: Collection[str]) -> dict[str, int]:
        return dict.fromkeys(run_ids, 3)

    def ended(self, run_ids: Collection[str]) -> list[str]:
        return [run_id for run_id in run_ids if run_id in self.rows and self.rows[run_id].status == "completed"]

    def tools(self) -> list[ToolVersion]:
        return []

    def live_tools(self) -> set[tuple[str, str]]:
        return set()

    def _fail(self) -> None:
        if self.error:
            raise self.error


class FakeServers:
    """Whether Postgres and Redis answer, and what Postgres says of the open runs."""

    def __init__(self) -> None:
        self.backlog = Backlog(0, 0, 0.0)
        self.stopping = threading.Event()
        self.postgres = True
        self.migrated = True
        self.redis: Exception | None = None
        self.silence: threading.Event | None = None

    def at_head(self) -> bool:
        if not self.postgres:
            raise OperationalError("select 1", None, ConnectionError("password of postgres://user:secret@host"))
        return self.migrated

    def measure(self, most_queued: int, most_running: int) -> Backlog:
        if not self.postgres:
            raise OperationalError("select 1", None, ConnectionError("password of postgres://user:secret@host"))
        return self.backlog._replace(queued=min(self.backlog.queued, most_queued), running=min(self.backlog.running, most_running))

    def ping(self) -> None:
        if self.silence:
            self.silence.wait(30)
        if self.redis:
            raise self.redis


async def _no_notices() -> AsyncIterator[str]:
    await anyio.sleep_forever()
    yield ""


def _nowhere() -> Redis:
    return Redis.from_url("redis://127.0.0.1:1")  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed


@pytest.fixture
def runs() -> FakeRuns:
    """What the API stores runs in."""
    return FakeRuns()


@pytest.fixture
def servers_state() -> FakeServers:
    """What the API is told of its servers."""
    return FakeServers()


@pytest.fixture
def app(runs: FakeRuns, servers_state: FakeServers) -> FastAPI:
    """The API, with a small limit for bodies."""
    settings = Settings(model="default-model", max_body_bytes=100_000, max_wait_s=5, database_url=SecretStr("postgresql://nowhere"))

    def services() -> Services:
        return Services(
            settings=settings,
            runs=cast("Runs", runs),
            waiters=Waiters(runs.ended, _no_notices),
            streams=Streams(runs.latest_events, runs.events, Texts(_nowhere), most=2),
            admission=admission(settings, servers_state.measure),
            at_head=servers_state.at_head,
            ping_redis=servers_state.ping,
            close=lambda: None,
            stopping=servers_state.stopping,
        )

    return create_app(services)


@pytest.fixture
def client(app: FastAPI) -> Generator[TestClient]:
    """A caller."""
    with TestClient(app) as client:
        yield client
