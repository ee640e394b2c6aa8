"""The words both sides agree on: task names, queues, ids and Redis keys."""

import re
from dataclasses import dataclass
from typing import Final, Self

#: One generic task for every tool, so that no worker ever meets a task name it does not know.
TOOL_CALL: Final = "tool.call"
#: Claims a run's step and makes its next model call.
RUN_ADVANCE: Final = "run.advance"
#: Body and errback of every chord: gathers the results of one turn.
TURN_FINISH: Final = "turn.finish"

#: Where the coordinator listens.
TURNS_QUEUE: Final = "turns"
#: Where `async def` tools go (threads pool, one event loop a process).
IO_QUEUE: Final = "io"
#: Where `def` tools go (prefork pool, a hard limit kills).
DEFAULT_QUEUE: Final = "default"

#: What OpenAI and Anthropic allow as a tool's name.
TOOL_NAME: Final = re.compile(r"^[a-zA-Z0-9_-]{1,64}$")
QUEUE_NAME: Final = re.compile(r"^[a-zA-Z0-9_.-]{1,64}$")

_PREFIX: Final = "toolchord"
#: Of a turn, a place or an attempt: as much as Postgres keeps.
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class CallKey:
    """Our own name of a tool call; the provider's `tool_call_id` may repeat, be empty or be missing."""

    run_id: str
    turn: int
    index: int

    def __str__(self) -> str:
        return f"{self.run_id}.{self.turn}.{self.index}"

    def task_id(self, attempt: int) -> str:
        """The Celery task id of one attempt, the same however often it is published."""
        return f"{self}.{attempt}"

    @property
    def grant(self) -> str:
        return f"{_PREFIX}:{self}:grant"

    @property
    def granted(self) -> str:
        """The latest attempt that was ever granted."""
        return f"{_PREFIX}:{self}:granted"

    @property
    def lease(self) -> str:
        return f"{_PREFIX}:{self}:lease"

    @property
    def result(self) -> str:
        return f"{_PREFIX}:{self}:result"

    @property
    def window(self) -> str:
        return window_key(self.run_id, self.turn)

    @classmethod
    def of_task(cls, task_id: str) -> tuple[Self, int] | None:
        """The call and attempt that a Celery task id names, or None when it names no call."""
        match task_id.split("."):
            case [run_id, turn, index, attempt] if run_id.isprintable() and all(map(_NUMBER.fullmatch, (turn, index, attempt))):
                return cls(run_id, int(turn), int(index)), int(attempt)
            case _:
                return None


def window_key(run_id: str, turn: int) -> str:
    """The list of a turn's calls that wait for a place in its window."""
    return f"{_PREFIX}:{run_id}.{turn}:window"


def worker_key(worker_id: str) -> str:
    """What one worker process announces; expires with it."""
    return f"{_PREFIX}:worker:{worker_id}"


#: Sorted set of worker ids by the Redis time (seconds) at which their announcement ends.
WORKERS_KEY: Final = f"{_PREFIX}:workers"
#: A word that Redis has had since it was last empty.
EPOCH_KEY: Final = f"{_PREFIX}:epoch"
#: Counts results that came from an attempt which no longer held its lease.
STALE_RESULTS_KEY: Final = f"{_PREFIX}:stale_results"
#: List of what was found in queues and was no message, the newest first.
POISON_KEY: Final = f"{_PREFIX}:poison"
