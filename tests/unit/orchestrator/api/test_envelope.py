"""What every answer has."""

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from tests.unit.orchestrator.api.conftest import FakeServers


@pytest.mark.parametrize("path", ["/livez", "/v1/runs", "/v1/runs/none", "/nothing", "/openapi.json"])
def test_every_answer_has_its_headers(client: TestClient, path: str) -> None:
    """Nothing is cached, nothing guessed, and each answer can be found in the log."""
    headers = client.get(path).headers

    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert headers["x-request-id"].startswith("req_")
    assert "access-control-allow-origin" not in headers


def test_a_safe_request_id_is_kept(client: TestClient) -> None:
    """A caller that has ids of its own finds them again."""
    assert client.get("/livez", headers={"X-Request-Id": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 129, "<script>", '"', "é"])
def test_an_unsafe_request_id_is_replaced(client: TestClient, given: str) -> None:
    """Nothing that could forge a log line or a header comes back."""
    assert client.get("/livez", headers={b"X-Request-Id": given.encode()}).headers["x-request-id"].startswith("req_")


def test_each_request_is_one_record(client: TestClient) -> None:
    """The log tells method, path and status, without the query; probes are kept for debugging."""
    with capture_logs() as records:
        client.get("/v1/runs", params={"metadata[customer]": "private"})
        client.get("/readyz")

    told = [(record["log_level"], record["method"], record["path"], record["status"]) for record in records]
    assert told == [("info", "GET", "/v1/runs", 200), ("debug", "GET", "/readyz", 200)]
    assert "private" not in str(records)


def test_a_stopping_process_lets_its_connections_go(client: TestClient, servers_state: FakeServers) -> None:
    """Callers that keep connections open make new ones, to other processes."""
    before = client.get("/livez").headers
    servers_state.stopping.set()

    assert ("connection" in before, client.get("/livez").headers["connection"]) == (False, "close")
