"""Turns that a provider paused."""

import pytest
from pydantic import JsonValue

from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest, Usage
from orchestrator.llm.resuming import Resuming
from orchestrator.llm.wires.messages.answer import joined
from orchestrator.messages import AssistantMessage, UserMessage

SEARCH: dict[str, JsonValue] = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
REQUEST = ModelRequest(model="m", messages=(UserMessage(content="Hi"),), timeout_s=5)


def reply(text: str, finish_reason: str) -> ModelReply:
    """A part of a turn."""
    raw: list[JsonValue] | None = [SEARCH, {"type": "text", "text": text}] if finish_reason == "pause_turn" else None
    return ModelReply(content=text, finish_reason=finish_reason, raw=raw, usage=Usage(total_tokens=1))


class Pausing:
    """A ChatModel that pauses so often, and is tried twice for its last part."""

    def __init__(self, pauses: int) -> None:
        self.pauses = pauses
        self.requests: list[ModelRequest] = []

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """The next part."""
        self.requests.append(request)
        number = len(self.requests)
        for _ in range(1 if number <= self.pauses else 2):
            listener.begin()
            listener.text(str(number))
        return reply(str(number), "pause_turn" if number <= self.pauses else "stop")


class Hearing:
    """A listener that knows what stands."""

    heard = ""

    def begin(self) -> None:
        """All is void."""
        self.heard = ""

    def text(self, delta: str) -> None:
        """More of it."""
        self.heard += delta


def test_a_paused_turn_goes_back_as_it_came_until_it_is_whole() -> None:
    """Without a word of the user, within the time that is left."""
    model = Pausing(2)
    whole = Resuming(model, "anthropic", joined).complete(REQUEST)
    assert (whole.content, whole.finish_reason, whole.usage.total_tokens) == ("123", "stop", 3)
    first, second, third = model.requests
    assert [len(request.messages) for request in model.requests] == [1, 2, 2]
    assert isinstance(third.messages[1], AssistantMessage)
    assert third.messages[1].raw_of("anthropic") == [SEARCH, {"type": "text", "text": "1"}, SEARCH, {"type": "text", "text": "2"}]
    assert first.timeout_s >= second.timeout_s >= third.timeout_s


@pytest.mark.parametrize("pauses", [0, 1, 2])
def test_what_is_heard_is_the_whole_answer(pauses: int) -> None:
    """A part that is tried again does not void those before it."""
    hearing = Hearing()
    whole = Resuming(Pausing(pauses), "anthropic", joined).complete(REQUEST, hearing)
    assert hearing.heard == whole.content


def test_a_turn_without_end_counts_as_cut_off() -> None:
    """After five continuations."""
    model = Pausing(100)
    whole = Resuming(model, "anthropic", joined).complete(REQUEST)
    assert (whole.finish_reason, len(model.requests)) == ("length", 6)
