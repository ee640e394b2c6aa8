"""The clients: they start, read and cancel runs over HTTP, and write down what they were answered."""

import random
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from httpx2 import Client, HTTPError, Response
from pydantic import BaseModel

from tests.faults import history
from tests.faults.campaign.load import Job, digest, draw
from tests.faults.campaign.rig import http
from tests.faults.history import ClientOp

_CLIENTS: Final = 6
#: Between two starts of one client, on average.
_START_EVERY_S: Final = 5.0
#: Runs that one client minds at a time. More of them would measure the machine and not the faults.
_OPEN: Final = 4
#: A client stops asking for a run that nobody wants to take.
_GIVE_UP_S: Final = 120.0
_PAUSE_S: Final = (0.2, 0.8)
_TIMEOUT_S: Final = 10.0
_DONE: Final = frozenset({"completed", "incomplete", "failed", "cancelled"})


class _Answer(BaseModel):
    """What a client reads of a run."""

    id: str
    status: str


class Record:
    """The clients' log. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / history.CLIENT
        self._lock = threading.Lock()

    def write(self, op: ClientOp) -> None:
        with self._lock:
            history.append(self._file, op)


class Driver:
    """A few clients, each a thread with draws of its own. Leaving lets each end what it has begun."""

    def __init__(self, folder: Path, api_url: str, model_url: str, seed: int) -> None:
        record = Record(folder)
        self._stop = threading.Event()
        clients = [_Client(number, record, api_url, model_url, seed) for number in range(_CLIENTS)]
        self._threads = [threading.Thread(target=client.work, args=(self._stop,), name="client") for client in clients]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def end(self) -> None:
        """No further run is started."""
        self._stop.set()

    @property
    def working(self) -> bool:
        """Whether a client still tries to start its last run."""
        return any(thread.is_alive() for thread in self._threads)


class _Client:
    """One client. It asks again with the same key until it knows that its run was accepted."""

    def __init__(self, number: int, record: Record, api_url: str, model_url: str, seed: int) -> None:
        self._number = number
        self._record = record
        self._api = http(api_url, _TIMEOUT_S)
        self._model = http(model_url)
        self._rng = random.Random(f"{seed}-{number}")
        self._seed = seed
        self._open: dict[str, float | None] = {}

    def work(self, stop: threading.Event) -> None:
        started = 0
        next_start = time.monotonic() + self._rng.uniform(0, _START_EVERY_S)
        with self._api, self._model, ThreadPoolExecutor(2) as pool:
            while not stop.wait(self._rng.uniform(*_PAUSE_S)):
                if time.monotonic() >= next_start and len(self._open) < _OPEN:
                    next_start = time.monotonic() + self._rng.uniform(0.5, 1.5) * _START_EVERY_S
                    started += 1
                    self._start(draw(self._rng, f"{self._seed}-{self._number}-{started}"), pool)
                elif self._open:
                    self._look_after(self._rng.choice(list(self._open)))

    def _start(self, job: Job, pool: ThreadPoolExecutor) -> None:
        self._model.put(f"/scripts/{job.name}", json=job.script.model_dump(mode="json")).raise_for_status()
        if job.twice:
            both = [pool.submit(self._post, job) for _ in range(2)]
            accepted = next((op.run_id for op in [one.result() for one in both] if op.run_id), None)
        else:
            accepted = self._post(job).run_id
        give_up_at = time.monotonic() + _GIVE_UP_S
        while accepted is None and time.monotonic() < give_up_at:
            time.sleep(self._rng.uniform(0.3, 1.5))
            accepted = self._post(job).run_id
        if accepted is not None:
            self._open[accepted] = None if job.cancel_after_s is None else time.monotonic() + job.cancel_after_s
            if job.abused:
                self._abuse(job)

    def _look_after(self, run_id: str) -> None:
        """Reads a run, or cancels it when its time has come; sometimes both, or twice."""
        cancel_at = self._open[run_id]
        if cancel_at is not None and time.monotonic() >= cancel_at:
            op = self._ask("cancel", "POST", f"/v1/runs/{run_id}/cancel", run_id)
            self._open[run_id] = None if op.outcome == "ok" else cancel_at
            return
        op = self._ask("read", "GET", f"/v1/runs/{run_id}", run_id)
        if op.run_status in _DONE and self._rng.random() < 0.7:
            self._open.pop(run_id)

    def _post(self, job: Job) -> ClientOp:
        return self._ask("start", "POST", "/v1/runs", key=job.key, content=job.content)

    def _abuse(self, job: Job) -> None:
        self._ask("start", "POST", "/v1/runs", key=job.key, content=job.content.replace("Go on", "Stop"))

    def _ask(
        self,
        op: Literal["start", "cancel", "read"],
        method: str,
        path: str,
        run_id: str | None = None,
        *,
        key: str | None = None,
        content: str | None = None,
    ) -> ClientOp:
        """One request, written down."""
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"} if key else {}
        sent_at = time.monotonic()
        answer = _answered(self._api, method, path, headers, content)
        found = _Answer.model_validate_json(answer.content) if answer is not None and answer.is_success else None
        done = ClientOp(
            client=self._number,
            op=op,
            key=key,
            body=digest(content) if content else None,
            sent_at=sent_at,
            returned_at=time.monotonic(),
            outcome="unknown" if answer is None else "ok" if answer.is_success else "fail",
            http_status=answer.status_code if answer is not None else None,
            retry_after=answer.headers.get("retry-after") if answer is not None else None,
            run_id=found.id if found else run_id,
            run_status=found.status if found else None,
        )
        self._record.write(done)
        return done


def _answered(api: Client, method: str, path: str, headers: Mapping[str, str], content: str | None) -> Response | None:
    """The answer, or None when nobody knows what became of the request."""
    try:
        return api.request(method, path, headers=dict(headers), content=content)
    except HTTPError:
        return None
