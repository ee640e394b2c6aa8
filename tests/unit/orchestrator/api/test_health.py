"""The service's own state."""

import threading

import pytest
from redis.exceptions import RedisError
from starlette.testclient import TestClient

from tests.unit.orchestrator.api.conftest import FakeServers


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_a_process_is_live_whatever_it_depends_on(client: TestClient, servers_state: FakeServers, path: str) -> None:
    """An absent database must not have the process restarted."""
    servers_state.postgres = False

    assert (client.get(path).status_code, client.get(path).json()) == (200, {"status": "ok"})


def test_ready_is_with_a_migrated_database(client: TestClient) -> None:
    """All is well."""
    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "postgres": "ok", "redis": "ok"})


def test_an_absent_database_is_not_ready(client: TestClient, servers_state: FakeServers) -> None:
    """No request can be served, and the answer tells nothing of the driver's words."""
    servers_state.postgres = False

    response = client.get("/readyz")

    assert (response.status_code, response.json()["postgres"]) == (503, "unreachable")
    assert "secret" not in response.text


def test_an_old_schema_is_not_ready(client: TestClient, servers_state: FakeServers) -> None:
    """New code waits for its migration."""
    servers_state.migrated = False

    assert (client.get("/readyz").status_code, client.get("/readyz").json()["postgres"]) == (503, "not_migrated")


def test_runs_are_accepted_without_redis(client: TestClient, servers_state: FakeServers) -> None:
    """An absent Redis is told, and does not make the API unready."""
    servers_state.redis = RedisError()

    assert (client.get("/readyz").status_code, client.get("/readyz").json()["redis"]) == (200, "unreachable")


def test_a_silent_redis_does_not_hold_the_answer(client: TestClient, servers_state: FakeServers) -> None:
    """A check that goes on is left to itself."""
    servers_state.silence = threading.Event()

    response = client.get("/readyz")
    servers_state.silence.set()

    assert (response.status_code, response.json()["redis"]) == (200, "unreachable")


def test_the_version_is_told(client: TestClient) -> None:
    """The package's own."""
    assert client.get("/version").json()["version"]


def test_a_stopping_process_is_not_ready_and_still_serves(client: TestClient, servers_state: FakeServers) -> None:
    """A load balancer sends elsewhere, and what comes meanwhile is answered."""
    servers_state.stopping.set()

    ready, accepted = client.get("/readyz"), client.post("/v1/runs", json={"messages": [{"role": "user", "content": "Hello."}]})

    assert (ready.status_code, ready.json()) == (503, {"status": "stopping", "postgres": "ok", "redis": "ok"})
    assert accepted.status_code == 202
