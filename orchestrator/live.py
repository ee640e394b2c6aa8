"""What models say while they say it, for those who watch: published in Redis and kept nowhere. The answer is in Postgres once it
is complete; until then nobody may take this for one."""

import threading
from collections.abc import Iterable
from typing import Any, Final, Literal

import structlog
from pydantic import Field
from redis import Redis
from redis.exceptions import RedisError

from orchestrator.llm.model import Listener
from orchestrator.messages import Value
from orchestrator.store.runs import Step

#: Text is collected for so long before it is published.
_EVERY_S: Final = 0.05
#: With Redis away, nobody can listen.
_PAUSE_S: Final = 2.0
#: What cannot be published in time is dropped beyond so many characters of one model call.
_ROOM: Final = 256 * 1024

_log = structlog.get_logger(__name__)


class Frame(Value):
    """A piece of text, or that there will be some. What has a greater turn, attempt or try makes all before it void: the model
    is asked anew."""

    type: Literal["text.begin", "text.delta"]
    turn: int
    attempt: int = Field(description="As in the run's events: which claim of the model step this is.")
    number: int = Field(serialization_alias="try", validation_alias="try", description="Which try of that, from 1.")
    offset: int = Field(default=0, description="How many characters of this try came before, so that a gap shows.")
    text: str = ""

    @property
    def rank(self) -> tuple[int, int, int]:
        """What is said with a greater one is newer."""
        return self.turn, self.attempt, self.number


def channel(run_id: str) -> str:
    """Where a run's frames are published."""
    return f"toolchord:text:{run_id}"


class Broadcast:
    """Publishes for all model calls of a process, on a thread of its own: no model call waits for Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._changed = threading.Condition()
        self._speaking: set[_Speaker] = set()
        self._thread: threading.Thread | None = None

    def listener(self, step: Step) -> Listener:
        """Hears one claimed model step."""
        return _Speaker(step, self)

    def ring(self, speaker: "_Speaker") -> None:
        """There is something to publish."""
        with self._changed:
            self._speaking.add(speaker)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="toolchord-live", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._speaking))
            pause.wait(_EVERY_S)
            with self._changed:
                speaking, self._speaking = self._speaking, set()
            try:
                self._publish(speaking)
            except RedisError as error:
                _log.warning("text_not_published", error=type(error).__name__)
                pause.wait(_PAUSE_S)

    def _publish(self, speaking: Iterable["_Speaker"]) -> None:
        pipeline: Any = self._redis.pipeline(transaction=False)  # pyright: ignore[reportUnknownMemberType] - its keyword arguments are not typed
        for speaker in speaking:
            for frame in speaker.take():
                pipeline.publish(channel(speaker.run_id), frame.model_dump_json(by_alias=True))
        pipeline.execute()


class _Speaker:
    """A Listener of one model step, whose thread adds while the publisher's takes."""

    def __init__(self, step: Step, broadcast: Broadcast) -> None:
        self.run_id = step.run_id
        self._step = step
        self._broadcast = broadcast
        self._lock = threading.Lock()
        self._number = 0
        self._begun = False
        #: Characters of this try until now, and of them those that wait.
        self._said = 0
        self._waiting: list[str] = []
        self._room = _ROOM

    def begin(self) -> None:
        with self._lock:
            self._number += 1
            self._begun = True
            self._said, self._waiting, self._room = 0, [], _ROOM
        self._broadcast.ring(self)

    def text(self, delta: str) -> None:
        with self._lock:
            self._said += len(delta)
            if len(delta) > self._room:
                # From here on the offset tells of the gap.
                self._waiting, self._room = [], _ROOM
                return
            self._waiting.append(delta)
            self._room -= len(delta)
        self._broadcast.ring(self)

    def take(self) -> list[Frame]:
        """What is to be published."""
        with self._lock:
            text, begun = "".join(self._waiting), self._begun
            frames = [self._frame("text.begin", 0, "")] if begun else []
            if text:
                frames.append(self._frame("text.delta", self._said - len(text), text))
            self._begun, self._waiting, self._room = False, [], _ROOM
            return frames

    def _frame(self, kind: Literal["text.begin", "text.delta"], offset: int, text: str) -> Frame:
        return Frame.model_validate(
            {"type": kind, "turn": self._step.turn, "attempt": self._step.attempt, "try": self._number, "offset": offset, "text": text}
        )
