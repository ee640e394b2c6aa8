"""One reply to one request, with all that the script left open filled in; in no provider's form."""

import time
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from orchestrator.llm.scripted.request import ChatRequest
from orchestrator.llm.scripted.script import Reply, TokenCounts
from orchestrator.llm.scripted.transcript import Standing, characters

FINGERPRINT: Final = "scripted-model-not-a-language-model"
#: The model's own name; `scripted/NAME` selects a registered script.
MODEL: Final = "scripted"
#: What ids of calls begin with, after the provider's prefix, that came with reasoning: it must come back with them.
BESIDE_REASONING: Final = "r"
#: An estimate for the usage, and the size of a stream's fragments.
CHARACTERS_PER_TOKEN: Final = 4


class Completion:
    """What the model says. Ids are made by the wires, from `unique`: each provider has its own form."""

    def __init__(self, request: ChatRequest, standing: Standing, reply: Reply) -> None:
        self.request = request
        self.unique = uuid4().hex
        self.created = int(time.time())
        self.model = request.model if request.model.startswith(f"{MODEL}/") else MODEL
        self.content = None if reply.content is None else standing.fill(reply.content)
        self.refusal = reply.refusal
        self.reasoning = reply.reasoning
        self.calls = reply.tool_calls
        self.finish_reason = reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")
        self.style = reply.stream
        self.usage = reply.usage or _estimate(characters(request.messages), self._spoken, len(reply.reasoning or ""))

    @property
    def _spoken(self) -> int:
        """How many characters the reply holds beside its reasoning."""
        called = sum(len(call.name) + len(call.arguments_text or "") for call in self.calls)
        return len(self.content or "") + len(self.refusal or "") + called

    def fresh_id(self, prefix: str, position: int) -> str:
        """The id of the call at this position, where the script gives none. It shows whether the model thought before it called."""
        thought = BESIDE_REASONING if self.reasoning is not None else "0"
        return f"{prefix}{thought}{self.unique[:19]}{position:04}"

    def index(self, position: int) -> int | None:
        """The index that a stream says for what stands at this position, or None where it says none."""
        indices = {"position": position, "zero": 0, "none": None, "from_one": position + 1}
        return indices[self.style.index]


def fragments(text: str | None) -> Iterator[str]:
    """The text in pieces of about a token."""
    for start in range(0, len(text or ""), CHARACTERS_PER_TOKEN):
        yield (text or "")[start : start + CHARACTERS_PER_TOKEN]


def _estimate(read: int, said: int, thought: int) -> TokenCounts:
    """One token for each four characters."""
    reasoning = _tokens(thought)
    return TokenCounts(prompt_tokens=_tokens(read), completion_tokens=_tokens(said) + reasoning, reasoning_tokens=reasoning)


def _tokens(length: int) -> int:
    return -(-length // CHARACTERS_PER_TOKEN)
