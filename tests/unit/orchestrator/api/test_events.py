"""GET /v1/runs/{id}/events."""

import json

import pytest
from starlette.testclient import TestClient

from orchestrator.ids import new_run_id
from tests.unit.orchestrator.api.conftest import FakeRuns

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


_STREAM = {"Accept": "text/event-stream"}


def test_a_stream_ends_with_the_run(client: TestClient) -> None:
    """Each event has its seq as id, and comes as it would in the list. Redis need not be there."""
    path = client.post("/v1/runs", json=_HELLO).headers["location"]

    answer = client.get(f"{path}/events", headers=_STREAM)

    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    listed = client.get(f"{path}/events").json()["data"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"], blocks[0]) == ("no-store", "no", ["retry: 2000"])
    assert [block[:2] for block in blocks[1:]] == [[f"id: {event['seq']}", f"event: {event['type']}"] for event in listed]
    assert [json.loads(block[2].removeprefix("data: ")) for block in blocks[1:]] == listed


@pytest.mark.parametrize(("query", "headers"), [("?after=2", {}), ("", {"Last-Event-ID": "2"}), ("?after=1", {"Last-Event-ID": "2"})])
def test_a_stream_is_resumed(client: TestClient, query: str, headers: dict[str, str]) -> None:
    """Where its reader was. What a browser says itself is newer than the address it came with."""
    path = client.post("/v1/runs", json=_HELLO).headers["location"]

    answer = client.get(f"{path}/events{query}", headers=_STREAM | headers)

    assert [line for line in answer.text.split("\n") if line.startswith("id:")] == ["id: 3"]


def test_who_knows_the_end_is_told_to_stay_away(client: TestClient, runs: FakeRuns) -> None:
    """A browser would come back for ever."""
    path = client.post("/v1/runs", json=_HELLO).headers["location"]
    runs.rows[path.rpartition("/")[2]].status = "completed"

    assert client.get(f"{path}/events?after=3", headers=_STREAM).status_code == 204


def test_a_stream_of_nothing_is_refused(client: TestClient) -> None:
    """Before it begins."""
    path = client.post("/v1/runs", json=_HELLO).headers["location"]

    assert client.get(f"/v1/runs/{new_run_id()}/events", headers=_STREAM).status_code == 404
    assert client.get(f"{path}/events", headers=_STREAM | {"Last-Event-ID": "x"}).status_code == 422
