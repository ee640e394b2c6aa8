"""GET /v1/runs/{id}/events."""

from starlette.testclient import TestClient

from orchestrator.ids import new_run_id

_HELLO = {"messages": [{"role": "user", "content": "Hello."}]}


def test_a_runs_events_are_read_in_pages(client: TestClient) -> None:
    """By the seq of the last event that is known, all are seen once and in order."""
    path = client.post("/v1/runs", json=_HELLO).headers["location"]

    first = client.get(f"{path}/events", params={"limit": 2}).json()
    rest = client.get(f"{path}/events", params={"after": first["data"][-1]["seq"]}).json()

    assert ([event["type"] for event in first["data"]], first["has_more"]) == (["run.queued", "model_call.started"], True)
    assert ([(event["seq"], event["type"]) for event in rest["data"]], rest["has_more"]) == ([(3, "run.cancelled")], False)


def test_a_run_that_is_not_there_has_no_events(client: TestClient) -> None:
    """It is answered like any other path of that run."""
    assert client.get(f"/v1/runs/{new_run_id()}/events").status_code == 404
    assert client.get("/v1/runs/nothing/events").status_code == 404


def test_an_impossible_page_is_refused(client: TestClient) -> None:
    """Each parameter is checked before anything is looked up."""
    path = client.post("/v1/runs", json=_HELLO).headers["location"]

    for query in ("after=-1", "limit=0", "limit=1001", "after=2147483648"):
        assert client.get(f"{path}/events?{query}").status_code == 422, query
