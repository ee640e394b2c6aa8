"""More requests than can be served, against a whole Toolchord: what is beyond the limits is refused fast and leaves nothing."""

import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from bench.figures import percentile
from orchestrator.llm.scripted import Reply
from orchestrator.processes.errors import ServerUnavailableError
from orchestrator.settings import Settings
from orchestrator.stack import Stack
from tests.acceptance.conftest import ROOT, clean_environ
from tests.acceptance.local import Local
from tests.acceptance.waiting import until

_LIMITS = {"TOOLCHORD_MAX_QUEUED_RUNS": "20", "TOOLCHORD_MAX_RUNNING_RUNS": "40", "TOOLCHORD_MAX_STARTING_RUNS": "8"}
_CLIENTS = 64
_FLOOD_S = 8.0
#: What a client leaves between two requests, whatever it was told.
_PAUSE_S = 0.02
_PATIENCE_S = 120.0


class Answer(NamedTuple):
    """One answer to one client."""

    status: int
    seconds: float
    retry_after: str | None
    body: dict[str, object]


@pytest.fixture
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Generator[Local]:
    """A running Toolchord with limits that a laptop reaches."""
    folder = tmp_path_factory.mktemp("overload")
    environ = {**clean_environ(), **_LIMITS, "PYTHONPATH": str(ROOT)}
    try:
        with Stack(Settings.model_construct(data_dir=folder / "data"), environ) as stack:
            stack.wait_ready()
            local = Local(stack, folder / "ledger", folder / "data" / "logs")
            yield local
            local.close()
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.timeout(400)
def test_a_flood_is_refused_fast_and_what_is_accepted_ends(crowded: Local) -> None:
    """Each refusal says when to come back, each accepted run ends, no other is there, reading goes on, and the door opens again."""
    model = crowded.model(Reply(content="Done."))
    body = json.dumps({"messages": [{"role": "user", "content": "Go on."}], "model": model}).encode()
    over = threading.Event()
    with ThreadPoolExecutor(_CLIENTS + 1) as clients:
        posting = [clients.submit(_client, crowded, "POST", "/v1/runs", body, over) for _ in range(_CLIENTS)]
        reading = clients.submit(_client, crowded, "GET", "/v1/runs?limit=1", b"", over)
        time.sleep(_FLOOD_S)
        over.set()
        answers = [answer for client in posting for answer in client.result()]
        reads = reading.result()
    # 200 is a run that has ended before its acceptance was told.
    accepted = [answer for answer in answers if answer.status in {200, 202}]
    refused = [answer for answer in answers if answer.status not in {200, 202}]
    _tell(accepted=accepted, refused=refused, reads=reads)

    until(lambda: True if _accepts(crowded, body) else None, crowded.stack.check, _PATIENCE_S, "an open door")
    ids = {str(answer.body["id"]) for answer in accepted}
    until(lambda: None if _open(crowded) else True, crowded.stack.check, _PATIENCE_S, "the end of all runs")

    assert {(answer.status, answer.body["code"]) for answer in refused} <= {(429, "too_many_runs"), (503, "busy"), (503, "overloaded")}
    assert all(int(answer.retry_after or 0) >= 1 for answer in refused)
    assert {answer.status for answer in reads} == {http.client.OK}
    assert len(refused) > len(accepted) > 0
    runs = _runs(crowded)
    assert ids <= runs.keys()
    # The ones more are those of the question whether the door is open.
    assert len(runs.keys() - ids) == 1
    assert set(runs.values()) == {"completed"}
    assert _p95(refused) <= _p95(accepted)


def _client(local: Local, method: str, path: str, body: bytes, over: threading.Event) -> list[Answer]:
    """Asks again and again until it is over. As light as can be: it must not be what limits the load."""
    address = urlsplit(local.stack.api_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE_S)
    answers: list[Answer] = []
    while not over.wait(_PAUSE_S):
        began = time.perf_counter()
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        answers.append(Answer(response.status, time.perf_counter() - began, response.headers["Retry-After"], json.loads(content)))
    connection.close()
    return answers


def _accepts(local: Local, body: bytes) -> bool:
    return local.api.post("/v1/runs", content=body, headers={"Content-Type": "application/json"}).is_success


def _open(local: Local) -> int:
    pages = [local.api.get("/v1/runs", params={"status": status}).json()["data"] for status in ("queued", "in_progress")]
    return sum(map(len, pages))


def _runs(local: Local) -> dict[str, str]:
    """Every run's status by its id."""
    found: dict[str, str] = {}
    query = {"limit": "100"}
    while True:
        page = local.api.get("/v1/runs", params=query).raise_for_status().json()
        found |= {run["id"]: run["status"] for run in page["data"]}
        if not page["has_more"]:
            return found
        query["after"] = page["data"][-1]["id"]


def _p95(answers: Sequence[Answer]) -> float:
    return percentile([answer.seconds for answer in answers], 95)


def _tell(**kinds: Sequence[Answer]) -> None:
    for kind, answers in kinds.items():
        codes = Counter(f"{answer.status} {answer.body.get('code', '')}".strip() for answer in answers)
        rate = len(answers) / _FLOOD_S
        print(f"{kind}: {rate:.0f} a second, p95 {1000 * _p95(answers):.0f} ms, {dict(codes)}")  # noqa: T201 - what the test measured
