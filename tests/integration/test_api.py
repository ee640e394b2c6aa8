"""The API on real Postgres and Redis. No worker is there: runs stay queued until a test ends them."""

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import Celery
from httpx2 import Response
from pydantic import JsonValue, SecretStr
from sqlalchemy import text, update
from starlette.testclient import TestClient

from orchestrator.app import create_app, services
from orchestrator.engine import Engine
from orchestrator.settings import Settings
from orchestrator.store import runs as store
from orchestrator.store import tools, turns
from orchestrator.store.tools import Offer
from orchestrator.tables import ToolCall, ToolVersion, Turn
from tasks.app import make_app
from tasks.messages import CallOutcome, Outcome, ToolSpec
from tasks.names import TURNS_QUEUE

_HELLO: dict[str, JsonValue] = {"messages": [{"role": "user", "content": "Hello."}]}


def _spec(name: str) -> ToolSpec:
    return ToolSpec(
        name=name,
        description="A tool.",
        parameters={"type": "object", "properties": {}},
        queue="io",
        timeout_s=30,
        idempotent=False,
        retries=0,
        max_result_bytes=1000,
        schema_hash=f"hash of {name}",
    )


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def offered(engine: Engine) -> None:
    """Two tools that a worker has announced."""
    with engine.database.transaction() as session:
        tools.keep(session, {(name, f"hash of {name}"): Offer(_spec(name), 3) for name in ("get_weather", "get_news")})


def _start(client: TestClient, **fields: Any) -> str:
    """Starts a run; its id."""
    return client.post("/v1/runs", json=_HELLO | fields).json()["id"]


def _end(engine: Engine, run_id: str, status: str = "completed") -> None:
    with engine.database.transaction() as session:
        run = store.lock(session, run_id)
        assert run is not None
        store.close(session, run, status)


def _open_runs(engine: Engine) -> list[str]:
    with engine.database.transaction() as session:
        return [run.id for run in store.page(session, 100, None, "queued", {})]


def _listeners(engine: Engine) -> set[int]:
    """Postgres' processes for connections that wait for notices."""
    query = text("select pid from pg_stat_activity where application_name = 'toolchord notices' and datname = current_database()")
    with engine.database.transaction() as session:
        return set(session.scalars(query))


def _until(found: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if found():
            return
        pause.wait(0.02)
    raise AssertionError("not seen in time")


def _when_open(engine: Engine, count: int, act: Callable[[str], None]) -> threading.Thread:
    """Acts on each run once so many are open, and a moment later so that their callers wait."""

    def work() -> None:
        _until(lambda: len(_open_runs(engine)) == count)
        time.sleep(0.1)
        for run_id in _open_runs(engine):
            act(run_id)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_an_accepted_run_is_stored_and_rung(client: TestClient, engine: Engine) -> None:
    """What was posted is read back, and a coordinator is asked to advance the run."""
    messages = [{"role": "user", "content": "Zürich? 🌧"}, {"role": "assistant", "content": "Hm.", "reasoning_content": "x" * 10_000}]

    created = client.post("/v1/runs", json={"messages": messages, "model": "m", "metadata": {"a": "ü"}, "temperature": 0.5})

    run = client.get(created.headers["location"]).json()
    _until(lambda: bool(engine.redis.llen(TURNS_QUEUE)))
    doorbells = engine.redis.lrange(TURNS_QUEUE, 0, -1)
    assert (created.status_code, created.json()) == (202, run)
    assert (run["messages"], run["metadata"], run["status"], run["created_at"][-1]) == (messages, {"a": "ü"}, "queued", "Z")
    assert [json.loads(doorbell)["headers"]["task"] for doorbell in doorbells] == ["run.advance"]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType, reportGeneralTypeIssues] - decoded by connect


def test_the_largest_and_smallest_values_come_back(client: TestClient) -> None:
    """Integers of 64 bits and every plane of Unicode survive the database."""
    tricky = {"role": "assistant", "content": "a\u202eb\U000e0041\ufeff", "seeds": [2**63 - 1, -(2**63), 0.1]}

    location = client.post("/v1/runs", json={"messages": [{"role": "user", "content": "x"}, tricky], "seed": 2**63 - 1}).headers["location"]

    assert client.get(location).json()["messages"][1] == tricky


def test_a_run_tells_its_turns_and_calls(client: TestClient, engine: Engine) -> None:
    """The transcript, the calls with their errors, and the output are put together from what is stored."""
    run_id = _start(client)
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    with engine.database.transaction() as session:
        run = store.lock(session, run_id)
        assert run is not None
        call = ToolCall(run_id=run_id, turn=1, call_index=0, tool_call_id="call_1", name="f", arguments="{}", status="queued")
        turns.record(session, Turn(run_id=run_id, turn=1, model="m", latency_ms=5, **usage), [call])
        turns.answer(session, run, call, CallOutcome.of_error(Outcome.FAILED, "boom", "It broke."))
        turns.record(session, Turn(run_id=run_id, turn=2, content="Done.", model="m", latency_ms=5, **usage), [])
    _end(engine, run_id)

    answered = client.get(f"/v1/runs/{run_id}").json()

    assert [message["role"] for message in answered["messages"]] == ["user", "assistant", "tool", "assistant"]
    assert (answered["tool_calls"][0]["id"], answered["tool_calls"][0]["outcome"]) == (f"{run_id}.1.0", "failed")
    assert (answered["tool_calls"][0]["error"], answered["output"]) == ({"code": "boom", "message": "It broke."}, "Done.")
    assert answered["turns"][1]["usage"].items() >= usage.items()


def test_pages_follow_each_other(client: TestClient) -> None:
    """By the last id of each page all runs are seen once, the newest first."""
    started = [_start(client) for _ in range(5)]
    seen: list[str] = []
    page: dict[str, Any] = {"has_more": True}
    while page["has_more"]:
        page = client.get("/v1/runs", params={"limit": 2} | ({"after": seen[-1]} if seen else {})).json()
        seen += [run["id"] for run in page["data"]]

    assert seen == started[::-1]
    assert client.get("/v1/runs", params={"after": started[0]}).json() == {"object": "list", "data": [], "has_more": False}


def test_runs_are_found_by_status_and_metadata(client: TestClient, engine: Engine) -> None:
    """Several labels must all be there; a status narrows further."""
    first = _start(client, metadata={"customer": "a", "plan": "pro"})
    second = _start(client, metadata={"customer": "a"})
    _start(client, metadata={"customer": "b", "plan": "pro"})
    _end(engine, first)

    def found(**filters: str) -> list[str]:
        return [run["id"] for run in client.get("/v1/runs", params=filters).json()["data"]]

    assert found(**{"metadata[customer]": "a"}) == [second, first]
    assert found(**{"metadata[customer]": "a", "metadata[plan]": "pro"}) == [first]
    assert found(**{"metadata[customer]": "a", "status": "queued"}) == [second]
    assert found(**{"metadata[customer]": "' or 1=1 --"}) == []


def test_a_run_is_cancelled_once(client: TestClient) -> None:
    """Cancelling again answers the same run."""
    run_id = _start(client)

    first, second = (client.post(f"/v1/runs/{run_id}/cancel") for _ in range(2))

    assert (first.status_code, first.json()["status"], first.json()["finished_at"] is not None) == (200, "cancelled", True)
    assert second.json() == first.json()


def test_a_finished_run_is_not_cancelled(client: TestClient, engine: Engine) -> None:
    """It is answered as it is."""
    run_id = _start(client)
    _end(engine, run_id)

    response = client.post(f"/v1/runs/{run_id}/cancel")

    assert (response.status_code, response.json()["status"]) == (200, "completed")


def test_the_callers_of_many_runs_wait_together(client: TestClient, engine: Engine) -> None:
    """Sixteen wait at once, and each is answered when its own run ends."""
    ending = _when_open(engine, 16, lambda run_id: _end(engine, run_id))

    def call(_: int) -> Response:
        return client.post("/v1/runs", json=_HELLO, headers={"Prefer": "wait=30"})

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(call, range(16)))
    ending.join()

    assert {(answer.status_code, answer.json()["status"], answer.headers["preference-applied"]) for answer in answers} == {
        (200, "completed", "wait=30")
    }


@pytest.mark.parametrize("status", ["failed", "incomplete", "cancelled"])
def test_every_end_ends_the_wait(client: TestClient, engine: Engine, status: str) -> None:
    """Not only an answer is waited for."""
    ending = _when_open(engine, 1, lambda run_id: _end(engine, run_id, status))

    answer = client.post("/v1/runs", json=_HELLO, headers={"Prefer": "wait=30"})
    ending.join()

    assert (answer.status_code, answer.json()["status"]) == (200, status)


def test_a_run_that_goes_on_is_answered_as_it_stands(client: TestClient) -> None:
    """When the time is over the answer is 202 with where to read on."""
    answer = client.post("/v1/runs", json=_HELLO, headers={"Prefer": "wait=1"})

    assert (answer.status_code, answer.json()["status"], answer.headers["preference-applied"]) == (202, "queued", "wait=1")
    assert answer.headers["location"] == f"/v1/runs/{answer.json()['id']}"


def test_an_end_is_found_without_its_notice(client: TestClient, engine: Engine) -> None:
    """A run that ends silently is found by looking up."""

    def end_silently(run_id: str) -> None:
        with engine.database.transaction() as session:
            session.execute(text("update runs set status = 'completed' where id = :id"), {"id": run_id})

    ending = _when_open(engine, 1, end_silently)

    answer = client.post("/v1/runs", json=_HELLO, headers={"Prefer": "wait=30"})
    ending.join()

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


def test_a_lost_connection_for_notices_is_made_again(client: TestClient, engine: Engine) -> None:
    """Postgres may end it: another listener comes, and who waits meanwhile is not harmed."""
    _until(lambda: bool(_listeners(engine)))
    killed = _listeners(engine)
    with engine.database.transaction() as session:
        session.execute(text("select pg_terminate_backend(pid) from unnest(cast(:pids as int[])) pid"), {"pids": list(killed)})

    ending = _when_open(engine, 1, lambda run_id: _end(engine, run_id))
    answer = client.post("/v1/runs", json=_HELLO, headers={"Prefer": "wait=30"})
    ending.join()

    assert (len(killed), answer.status_code) == (1, 200)
    _until(lambda: len(_listeners(engine) - killed) == 1)


@pytest.mark.usefixtures("offered")
def test_announced_tools_are_listed(client: TestClient, engine: Engine) -> None:
    """One that has not been seen for a while is still known, and no longer live."""
    with engine.database.transaction() as session:
        session.execute(update(ToolVersion).where(ToolVersion.name == "get_news").values(last_seen_at=store.from_now(-60)))

    page = client.get("/v1/tools").json()

    assert (page["object"], page["has_more"]) == ("list", False)
    assert [(tool["name"], tool["live"], tool["workers"]) for tool in page["data"]] == [("get_news", False, 3), ("get_weather", True, 3)]


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("fields", "names"),
    [({"tools": "all"}, {"get_weather", "get_news"}), ({"tools": ["get_news"], "tool_choice": "required"}, {"get_news"}), ({}, set[str]())],
)
def test_a_run_has_the_tools_it_named(client: TestClient, fields: dict[str, Any], names: set[str]) -> None:
    """By name, all, or none."""
    run = client.post("/v1/runs", json=_HELLO | fields).json()

    assert (set(run["tools"]), run["tool_choice"]) == (names, fields.get("tool_choice"))


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"tools": ["get_weather", "unknown"]}, "tools.1"),
        ({"tools": ["get_weather"], "tool_choice": {"type": "function", "function": {"name": "get_news"}}}, "tool_choice.function.name"),
        ({"tools": "all", "tool_choice": {"type": "function", "function": {"name": "other"}}}, "tool_choice.function.name"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"parallel_tool_calls": True}, "parallel_tool_calls"),
    ],
)
def test_tools_that_are_not_offered_are_refused(client: TestClient, engine: Engine, fields: dict[str, Any], field: str) -> None:
    """The field is named and nothing is stored."""
    response = client.post("/v1/runs", json=_HELLO | fields)

    assert (response.status_code, response.json()["errors"][0]["field"], _open_runs(engine)) == (422, field, [])


def test_ready_is_with_real_servers(client: TestClient) -> None:
    """Postgres is at its newest schema and Redis answers."""
    assert client.get("/readyz").json() == {"status": "ready", "postgres": "ok", "redis": "ok"}


def test_without_postgres_everything_is_503(redis_url: str, celery_app: Celery) -> None:
    """Each route says when to come back, and nothing of the driver's words; the process lives."""
    url = f"postgresql://someone:password@127.0.0.1:{_closed_port()}/none"
    engine = Engine(Settings(database_url=SecretStr(url), redis_url=SecretStr(redis_url)), celery_app)
    run_id = "run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"
    with TestClient(create_app(lambda: services(engine))) as client:
        answers = [
            client.post("/v1/runs", json=_HELLO),
            client.get("/v1/runs"),
            client.get(f"/v1/runs/{run_id}"),
            client.post(f"/v1/runs/{run_id}/cancel"),
            client.get("/v1/tools"),
        ]
        ready, live = client.get("/readyz"), client.get("/livez")

    assert {(answer.status_code, answer.json()["code"], answer.headers["retry-after"]) for answer in answers} == {(503, "unavailable", "2")}
    assert not [answer for answer in answers if "127.0.0.1" in answer.text or "psycopg" in answer.text]
    assert (ready.status_code, ready.json()["postgres"], live.status_code) == (503, "unreachable", 200)


def test_a_run_is_accepted_without_redis(database_url: str) -> None:
    """Its doorbell is rung later by the watcher."""
    url = f"redis://127.0.0.1:{_closed_port()}/0"
    settings = Settings(database_url=SecretStr(database_url), redis_url=SecretStr(url))
    engine = Engine(settings, make_app("test", url))
    with TestClient(create_app(lambda: services(engine))) as client:
        created, ready = client.post("/v1/runs", json=_HELLO), client.get("/readyz")
        cancelled = client.post(f"{created.headers['location']}/cancel")

    assert (created.status_code, cancelled.json()["status"]) == (202, "cancelled")
    assert (ready.status_code, ready.json()["redis"]) == (200, "unreachable")


def test_one_key_starts_one_run(client: TestClient) -> None:
    """Fifty at once with the same key and body get the same run; another body is refused, and starts nothing."""
    key = {"Idempotency-Key": "order-42"}
    with ThreadPoolExecutor(10) as pool:
        sent = [pool.submit(client.post, "/v1/runs", json=_HELLO, headers=key) for _ in range(50)]
        answers = [one.result() for one in sent]
    other = client.post("/v1/runs", json=_HELLO | {"max_turns": 3}, headers=key)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert len(client.get("/v1/runs").json()["data"]) == 1


def test_a_refused_request_leaves_its_key_free(client: TestClient) -> None:
    """A mended request may be sent under the same key."""
    key = {"Idempotency-Key": "order-43"}

    assert client.post("/v1/runs", json=_HELLO | {"tools": ["no_such_tool"]}, headers=key).status_code == 422
    assert client.post("/v1/runs", json=_HELLO, headers=key).status_code == 202


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 256, "schl\u00fcssel".encode().decode("latin-1")])
def test_what_is_no_key_is_refused(client: TestClient, key: str) -> None:
    """An empty key would stand for everybody's requests."""
    answer = client.post("/v1/runs", json=_HELLO, headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def test_two_keys_are_refused(client: TestClient) -> None:
    """Nobody can tell which is meant."""
    answer = client.post("/v1/runs", json=_HELLO, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])

    assert answer.status_code == 400
