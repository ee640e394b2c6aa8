"""The runs that clients ask for, drawn at random from a seed."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from orchestrator.llm.scripted import CloseFault, ErrorFault, Reply, Script, ScriptedCall

#: How often each tool is called.
_WEIGHTS: Final = {
    "look": 20,
    "compute": 20,
    "pay": 12,
    "transfer": 12,
    "mail": 10,
    "stamp": 10,
    "flaky": 4,
    "flaky_in_process": 3,
    "fail": 3,
    "stumble": 2,
    "report": 3,
    "dawdle": 1,
    "loiter": 1,
    "poison": 0.4,
}
_DEADLINE_S: Final = 150.0
#: What must be seen in no log.
PROMPT: Final = "canary-of-the-prompts"


@dataclass(frozen=True)
class Job:
    """A run to be asked for, and what its client does with it."""

    name: str
    script: Script
    body: Mapping[str, JsonValue]
    cancel_after_s: float | None
    #: Two requests with the same key at the same time.
    twice: bool
    #: The key is used again, for another request.
    abused: bool

    @property
    def key(self) -> str:
        """The Idempotency-Key."""
        return f"key-{self.name}"

    @property
    def content(self) -> str:
        """The request's body."""
        return json.dumps(self.body)


def digest(content: str) -> str:
    """A body's hash, as the client's log has it."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def draw(rng: random.Random, name: str) -> Job:
    """A run of up to three rounds of up to twelve calls."""
    rounds = rng.choices((0, 1, 2, 3), (1, 6, 3, 2))[0]
    replies = [_calls(rng) for _ in range(rounds)] + [_reply(rng, content=f"Done: {name}.")]
    body: dict[str, JsonValue] = {
        "messages": [{"role": "user", "content": f"Go on with {name}: {PROMPT}."}],
        "tools": list(_WEIGHTS),
        "model": f"scripted/{name}",
        "max_parallel_tool_calls": rng.choice((1, 2, 3, 5, 8, 12)),
        "deadline_s": rng.uniform(2, 8) if rng.random() < 0.05 else _DEADLINE_S,
        **_joined(rng),
    }
    return Job(
        name=name,
        script=Script.of(*replies),
        body=body,
        cancel_after_s=rng.uniform(0.1, 5) if rng.random() < 0.07 else None,
        twice=rng.random() < 0.06,
        abused=rng.random() < 0.03,
    )


def _joined(rng: random.Random) -> dict[str, JsonValue]:
    """Most turns wait for all their calls, however these end."""
    kind = rng.random()
    if kind < 0.05:
        return {"turn_deadline_s": round(rng.uniform(1, 4), 2)}
    if kind < 0.08:
        return {"start_within_s": round(rng.uniform(0.5, 3), 2)}
    return {"fail_fast": True} if kind < 0.1 else {}


def _calls(rng: random.Random) -> Reply:
    number = rng.choices(range(1, 13), range(13, 1, -1))[0]
    names = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=number)
    return _reply(rng, tool_calls=tuple(ScriptedCall.of(name, seconds=_seconds(rng)) for name in names))


def _seconds(rng: random.Random) -> float:
    """Mostly short; some are longer than most faults."""
    return round(rng.uniform(1, 4) if rng.random() < 0.12 else rng.uniform(0.05, 0.6), 3)


def _reply(rng: random.Random, content: str | None = None, tool_calls: tuple[ScriptedCall, ...] = ()) -> Reply:
    faults = ()
    if rng.random() < 0.06:
        faults = (rng.choice((ErrorFault(status=429, retry_after_s=0.2, times=1), ErrorFault(status=500, times=1), CloseFault(times=1))),)
    latency_s = rng.uniform(1, 3) if rng.random() < 0.25 else rng.uniform(0.02, 0.5)
    return Reply(content=content, tool_calls=tool_calls, latency_s=round(latency_s, 3), faults=faults)
