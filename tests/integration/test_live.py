"""A model's text from the model call to the reader, over real Redis and Postgres."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from celery import Celery
from redis import Redis
from starlette.testclient import TestClient

from orchestrator.database import Database
from orchestrator.dispatch import Dispatcher
from orchestrator.engine import Engine
from orchestrator.live import Broadcast, channel
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest
from orchestrator.store.runs import Step
from orchestrator.turns import Turns
from tasks.broker import connect
from tests.integration.loop import says

_HELLO = {"messages": [{"role": "user", "content": "Hello."}], "stream": True}
_STREAM = {"Accept": "text/event-stream"}


@dataclass
class Speaker:
    """A model that is heard while it writes, in as many tries as it takes."""

    tries: Sequence[Sequence[str]]
    ready: Callable[[], None]

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        assert request.stream
        self.ready()
        for words in self.tries:
            listener.begin()
            for word in words:
                listener.text(word)
                threading.Event().wait(0.15)
        return says("".join(self.tries[-1]))


def _turns(engine: Engine, database: Database, app: Celery, model: Speaker) -> Turns:
    broadcast = Broadcast(engine.redis)
    return Turns(
        database,
        model,
        Dispatcher(app, engine.grants),
        engine.grants,
        engine.closer,
        listener=broadcast.listener,
        model_timeout_s=5,
        max_calls_per_turn=100,
    )


def _blocks(text: str) -> list[tuple[str, dict[str, Any], bool]]:
    """Type, data, and whether there is an id."""
    found: list[tuple[str, dict[str, Any], bool]] = []
    for block in text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"]), "id" in lines))
    return found


def _is_heard(redis: Redis, run_id: str) -> None:
    """Waits until somebody listens."""
    pause = threading.Event()
    for _ in range(400):
        [(_, count)] = redis.pubsub_numsub(channel(run_id))  # pyright: ignore[reportUnknownMemberType, reportGeneralTypeIssues] - typed for the asynchronous client too
        if count:
            return
        pause.wait(0.02)
    raise AssertionError("nobody listens")


def test_text_is_heard_while_it_is_written(client: TestClient, engine: Engine, celery_app: Celery) -> None:
    """Between the events of its model call, without an id; another try makes what was heard before void."""
    run_id = client.post("/v1/runs", json=_HELLO).json()["id"]
    model = Speaker((("Hal",), ("Hel", "lo ", "there.")), lambda: _is_heard(engine.redis, run_id))
    database = Database(engine.settings.require_database(), pool=2)
    turns = _turns(engine, database, celery_app, model)
    loop = threading.Thread(target=turns.advance, args=(run_id,))
    loop.start()

    blocks = _blocks(client.get(f"/v1/runs/{run_id}/events", headers=_STREAM).text)
    loop.join()
    database.close()

    kinds = list(dict.fromkeys(kind for kind, _, _ in blocks))
    assert kinds == ["run.queued", "model_call.started", "text.begin", "text.delta", "model_call.completed", "run.completed"]
    assert [kind for kind, _, has_id in blocks if not has_id and not kind.startswith("text.")] == []
    heard = [data for kind, data, _ in blocks if kind == "text.delta" and data["try"] == 2]
    assert "".join(data["text"] for data in heard) == client.get(f"/v1/runs/{run_id}").json()["output"] == "Hello there."
    assert [data["offset"] for data in heard] == [sum(len(before["text"]) for before in heard[:at]) for at in range(len(heard))]
    assert {(data["turn"], data["attempt"]) for data in heard} == {(1, 1)}


def test_a_model_call_does_not_wait_for_redis() -> None:
    """What is said is lost then, and the answer is not."""
    listener = Broadcast(connect("redis://127.0.0.1:1")).listener(Step("run_1", 1, 1))
    listener.begin()
    for _ in range(100_000):
        listener.text("word ")


def test_what_cannot_be_published_in_time_is_a_gap(redis_url: str) -> None:
    """Memory is bounded, and the offset tells."""
    redis = connect(redis_url)
    heard: Any = redis.pubsub()  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
    heard.subscribe(channel("run_1"))
    listener = Broadcast(redis).listener(Step("run_1", 1, 1))
    listener.text("x" * 1_000_000)
    listener.text("end")
    told = (message for message in heard.listen() if message["type"] == "message")
    message = json.loads(next(told)["data"])
    heard.close()
    redis.close()

    assert (message["type"], message["offset"], message["text"]) == ("text.delta", 1_000_000, "end")


def test_a_reader_who_claims_events_to_come_is_told_the_end(client: TestClient, engine: Engine) -> None:
    """Such a stream would be held open for ever, and each takes one of the process's places."""
    run_id = client.post("/v1/runs", json=_HELLO).json()["id"]

    def cancel() -> None:
        _is_heard(engine.redis, run_id)
        engine.runs.cancel(run_id)

    ending = threading.Thread(target=cancel)
    ending.start()
    blocks = _blocks(client.get(f"/v1/runs/{run_id}/events", headers={**_STREAM, "Last-Event-ID": "999"}).text)
    ending.join()

    assert [kind for kind, _, _ in blocks] == ["run.cancelled"]
