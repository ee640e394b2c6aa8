"""Requests for new runs that are refused before anything of them is read."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message, Scope
from structlog.testing import capture_logs

from orchestrator.store.backlog import Backlog
from tests.unit.orchestrator.api.conftest import FakeRuns, FakeServers

_BODY = {"messages": [{"role": "user", "content": "Hello."}]}
_FULL = Backlog(10_000, 0, 0.0)


@pytest.mark.parametrize(
    ("backlog", "status", "code", "detail"),
    [
        (_FULL, 429, "too_many_runs", "10000 runs are queued"),
        (Backlog(0, 10_000, 0.0), 429, "too_many_runs", "10000 runs are running"),
        (Backlog(1, 0, 301.0), 503, "overloaded", "Queued runs wait 301 s"),
    ],
)
def test_what_is_beyond_a_limit_is_refused(
    client: TestClient, runs: FakeRuns, servers_state: FakeServers, backlog: Backlog, status: int, code: str, detail: str
) -> None:
    """By the route and by the door alike: a problem that says why and when to come back, and nothing is created."""
    servers_state.backlog = backlog

    answers = [client.post("/v1/runs", json=_BODY) for _ in range(2)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(status, code)] * 2
    assert all(answer.json()["detail"].startswith(detail) for answer in answers)
    assert all(1 <= int(answer.headers["retry-after"]) <= 30 for answer in answers)
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert answers[1].headers["x-request-id"] == answers[1].json()["request_id"]
    assert runs.started == []


def test_only_new_runs_are_refused(client: TestClient, servers_state: FakeServers) -> None:
    """Runs are read, listed and cancelled as ever, so that a backlog can be looked at and made smaller."""
    run_id = client.post("/v1/runs", json=_BODY).json()["id"]
    servers_state.backlog = _FULL

    answers = [client.get("/v1/runs"), client.get(f"/v1/runs/{run_id}"), client.post(f"/v1/runs/{run_id}/cancel"), client.get("/readyz")]

    assert [answer.status_code for answer in answers] == [200] * 4


def test_an_absent_database_is_unavailable_and_not_full(client: TestClient, servers_state: FakeServers) -> None:
    """As it is where nothing is limited."""
    servers_state.postgres = False

    answer = client.post("/v1/runs", json=_BODY)

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "2")


def test_a_refusal_at_the_door_has_no_line_of_its_own_in_the_log(client: TestClient, servers_state: FakeServers) -> None:
    """A flood must not fill a disk."""
    servers_state.backlog = _FULL
    client.post("/v1/runs", json=_BODY)

    with capture_logs() as logs:
        client.post("/v1/runs", json=_BODY)

    assert [log["log_level"] for log in logs] == ["debug"]


def test_the_body_of_a_refused_request_is_not_asked_for(client: TestClient, app: FastAPI, servers_state: FakeServers) -> None:
    """Neither by the route nor by the door."""
    servers_state.backlog = _FULL
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body is read")

    async def send(message: Message) -> None:
        sent.append(message)

    def scope() -> Scope:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"99")]
        return {"type": "http", "method": "POST", "path": "/v1/runs", "query_string": b"", "headers": headers}

    assert client.portal is not None
    for _ in range(2):
        client.portal.call(app, scope(), receive, send)

    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [429, 429]
