"""Refusals as problems."""

import pytest
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from orchestrator.errors import Unacceptable
from tests.unit.orchestrator.api.conftest import FakeRuns

_SECRET = "postgresql://user:secret@host"
_BODY = {"messages": [{"role": "user", "content": "a private question"}]}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/runs/", 404, "not_found"),
        ("DELETE", "/v1/runs", 405, "method_not_allowed"),
        ("HEAD", "/v1/tools", 405, None),
        ("OPTIONS", "/v1/runs", 405, "method_not_allowed"),
        ("TRACE", "/v1/runs", 405, "method_not_allowed"),
        ("PUT", "/livez", 405, "method_not_allowed"),
    ],
)
def test_wrong_paths_and_methods_are_problems(client: TestClient, method: str, path: str, status: int, code: str | None) -> None:
    """What the router refuses has the same form as what we refuse."""
    response = client.request(method, path)

    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    if code:
        assert response.json()["code"] == code


def test_a_problem_is_complete(client: TestClient) -> None:
    """It has the members of RFC 9457 and ours, and the request id of the header."""
    response = client.get("/v1/runs/nope%20")

    problem = response.json()
    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such run.",
        "instance": "/v1/runs/nope%20",
        "code": "not_found",
        "request_id": response.headers["x-request-id"],
        "errors": [],
    }


def test_a_refused_method_comes_with_all_that_are_allowed(client: TestClient) -> None:
    """Allow names the methods of every route of the path."""
    assert client.delete("/v1/runs").headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("select 1", None, ConnectionError(_SECRET)),
        InterfaceError("select 1", None, ConnectionError(_SECRET)),
        PoolTimeoutError(_SECRET),
    ],
)
def test_an_absent_database_is_503(client: TestClient, runs: FakeRuns, error: Exception) -> None:
    """The caller is told when to come back, and nothing of the driver's words."""
    runs.error = error

    response = client.post("/v1/runs", json=_BODY)

    assert (response.status_code, response.headers["retry-after"], response.json()["code"]) == (503, "2", "unavailable")
    assert "secret" not in response.text


@pytest.mark.parametrize("error", [RuntimeError(_SECRET), ProgrammingError("select 1", None, ValueError(_SECRET)), KeyError(_SECRET)])
def test_a_fault_of_ours_tells_nothing(client: TestClient, runs: FakeRuns, error: Exception) -> None:
    """The caller gets a request id only; the log gets the kind and the place, never the words."""
    runs.error = error

    with capture_logs() as records:
        response = client.post("/v1/runs", json=_BODY)

    fault = next(record for record in records if record["event"] == "unexpected_error")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert (fault["error"], fault["at"][-1].endswith("_fail")) == (type(error).__name__, True)
    assert "secret" not in response.text + str(records)
    assert "private" not in response.text + str(records)


def test_a_refusal_of_a_service_names_its_field(client: TestClient, runs: FakeRuns) -> None:
    """What the engine refuses is answered like what the door refuses."""
    runs.error = Unacceptable("No worker has announced it.", "tools.0")

    response = client.post("/v1/runs", json=_BODY)

    assert (response.status_code, response.json()["errors"]) == (422, [{"field": "tools.0", "message": "No worker has announced it."}])
