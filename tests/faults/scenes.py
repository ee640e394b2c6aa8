"""Short faults, each aimed at one guard, and the history that they leave."""

import hashlib
import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from pydantic import JsonValue

from orchestrator.llm.scripted import Reply, ScriptedCall
from orchestrator.schemas.run import RunObject
from orchestrator.store.runs import OPEN
from tasks.app import call_signature, make_app
from tasks.messages import CallMessage, Doorbell
from tests.acceptance.local import asking
from tests.faults.conftest import Faulty
from tests.faults.history import Campaign, ClientOp, Event, Fault, History, ModelRequest

#: A run that stands still for longer than recovery may take has ended for good.
_PATIENCE_S = 30.0
_AT_ONCE = 50


class Scene:
    """What a client asked of a Toolchord, and what was done to that."""

    def __init__(self, faulty: Faulty) -> None:
        self.faulty = faulty
        self._ops: list[ClientOp] = []
        self._faults: list[Fault] = []
        self._began_at = time.monotonic()
        self._earlier = frozenset(self._listed())

    def body(self, *calls: ScriptedCall) -> dict[str, JsonValue]:
        """A request with a script of its own."""
        return {
            "messages": [{"role": "user", "content": "Go on."}],
            "tools": [*sorted({call.name for call in calls})],
            "model": self.faulty.model(asking(*calls), Reply(content="Done.")),
        }

    def start(self, body: Mapping[str, JsonValue], key: str, client: int = 0) -> str:
        """Starts a run and gives its id."""
        sent_at = time.monotonic()
        answer = self.faulty.api.post("/v1/runs", json=body, headers={"Idempotency-Key": key})
        run = answer.raise_for_status().json()
        self._ops.append(
            ClientOp(
                client=client,
                op="start",
                key=key,
                body=hashlib.sha256(json.dumps(body).encode()).hexdigest(),
                sent_at=sent_at,
                returned_at=time.monotonic(),
                outcome="ok",
                http_status=answer.status_code,
                run_id=run["id"],
                run_status=run["status"],
            )
        )
        return str(run["id"])

    def struck(self, kind: str, target: str, began_at: float) -> None:
        """Notes a fault that is over now."""
        self._faults.append(Fault(kind=kind, target=target, began_at=began_at, ended_at=time.monotonic(), runs_in_flight=1))

    def history(self) -> History:
        """All that is known when every run has ended, or has stood still for long."""
        healed_at = time.monotonic()
        while time.monotonic() < healed_at + _PATIENCE_S and any(run.status in OPEN for run in self._runs()):
            self.faulty.stack.mend()
            time.sleep(0.2)
        runs = self._runs()
        offset_s = time.time() - time.monotonic()
        return History(
            campaign=Campaign(
                seed=0,
                began_at=self._began_at,
                healed_at=healed_at,
                ended_at=time.monotonic(),
                wall_offset_s=offset_s,
                idempotent_tools=frozenset({"attest", "linger", "linger_in_process"}),
            ),
            ops=tuple(self._ops),
            executions=tuple(execution for run in runs for execution in self.faulty.executions(run.id)),
            requests=tuple(self._requests({run.model for run in runs}, offset_s)),
            faults=tuple(self._faults),
            runs=tuple(runs),
            events=tuple(event for run in runs for event in self._events(run.id)),
        )

    def _listed(self) -> list[str]:
        page = self.faulty.api.get("/v1/runs", params={"limit": 100}).raise_for_status().json()
        return [str(run["id"]) for run in page["data"]]

    def _runs(self) -> list[RunObject]:
        """Every run that there is since, also those that nobody was told of."""
        return [self.faulty.read(run_id) for run_id in reversed(self._listed()) if run_id not in self._earlier]

    def _events(self, run_id: str) -> Iterator[Event]:
        told = self.faulty.api.get(f"/v1/runs/{run_id}/events", params={"limit": 100}).raise_for_status().json()
        assert not told["has_more"]
        for event in told["data"]:
            yield Event.model_validate({"run_id": run_id, **event})

    def _requests(self, scripts: set[str], offset_s: float) -> Iterator[ModelRequest]:
        for received in self.faulty.received():
            body = received.body if isinstance(received.body, dict) else {}
            if body.get("model") in scripts:
                at = received.received_at.timestamp() - offset_s
                yield ModelRequest.model_validate({"at": at, "script": body["model"], "messages": body["messages"]})


def a_zombie_answers(scene: Scene) -> None:
    """A pool process stands still for longer than its lease, and goes on while another runs its call."""
    faulty = scene.faulty
    run_id = scene.start(scene.body(ScriptedCall.of("attest", seconds=5)), uuid.uuid4().hex)
    faulty.began(run_id, 1)
    zombie = faulty.executions(run_id)[0].began.pid
    stopped_at = time.monotonic()
    os.kill(zombie, signal.SIGSTOP)
    try:
        faulty.began(run_id, 2)
    finally:
        os.kill(zombie, signal.SIGCONT)
    scene.struck("stop_child", "worker-default", stopped_at)


def one_request_comes_often(scene: Scene) -> None:
    """Many clients send one request with one key at once."""
    body = scene.body(ScriptedCall.of("linger", label="a", seconds=0.1))
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(_AT_ONCE) as clients:
        for asked in [clients.submit(scene.start, body, key, client) for client in range(_AT_ONCE)]:
            asked.result()


def every_message_comes_twice(scene: Scene) -> None:
    """While the tools run, the messages that started them are there again."""
    faulty = scene.faulty
    tools = {"linger": "io", "linger_in_process": "default"}
    calls = [ScriptedCall.of(tool, label="a", seconds=2) for tool in tools]
    run_id = scene.start(scene.body(*calls), uuid.uuid4().hex)
    faulty.began(run_id, len(calls))
    doubled_at = time.monotonic()
    with closing(make_app("test", faulty.stack.redis_url)) as app:
        for index, (tool, queue) in enumerate(tools.items()):
            call = CallMessage(run_id=run_id, turn=1, index=index, attempt=1, tool=tool)
            call_signature(app, Doorbell(call=call, queue=queue, timeout_s=30)).apply_async()
    faulty.until(faulty.is_idle)
    scene.struck("doubled_messages", "redis", doubled_at)


def a_message_is_lost(scene: Scene) -> None:
    """A worker dies with a message that it has taken from its queue and not begun."""
    faulty = scene.faulty
    faulty.quiet()
    # The first message is the coordinator's.
    faulty.arm("message.taken", 1)
    lost_at = time.monotonic()
    scene.start(scene.body(ScriptedCall.of("linger", label="a", seconds=0.1)), uuid.uuid4().hex)
    faulty.until(lambda: not faulty.is_armed("message.taken"))
    scene.struck("lost_message", "worker-io", lost_at)


#: The scene that a guard is for, and the invariant that is broken without it.
SCENES: Mapping[str, tuple[Callable[[Scene], None], str]] = {
    "fence": (a_zombie_answers, "I06"),
    "unique key": (one_request_comes_often, "I02"),
    "grant check": (every_message_comes_twice, "I08"),
    "sweep": (a_message_is_lost, "I20"),
}


def play(faulty: Faulty, guard: str) -> History:
    """The history of a guard's scene."""
    scene = Scene(faulty)
    SCENES[guard][0](scene)
    return scene.history()
