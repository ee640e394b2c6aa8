"""Turns that a provider pauses while it runs tools of its own. Source: "Stop reasons and fallback" (Anthropic)."""

import time
from collections.abc import Callable
from typing import Final

from orchestrator.llm.model import SILENCE, ChatModel, Listener, ModelReply, ModelRequest
from orchestrator.messages import AssistantMessage, RawTurn

#: What `finish_reason` says of such a turn.
PAUSED: Final = "pause_turn"
#: A turn that is longer still counts as cut off.
_MAX_RESUMPTIONS: Final = 5
#: A model call that is given less time than this would only be cut off.
_SHORTEST_CALL_S: Final = 0.1


class Resuming:
    """A ChatModel that gives a paused turn back as it came, with nothing added, until it is whole."""

    def __init__(self, model: ChatModel, provider: str, joined: Callable[[ModelReply, ModelReply], ModelReply]) -> None:
        self._model = model
        self._provider = provider
        self._joined = joined

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """The whole turn, within `request.timeout_s`. Raises ModelError."""
        ends_at = time.monotonic() + request.timeout_s
        reply = self._model.complete(request, listener)
        for _ in range(_MAX_RESUMPTIONS):
            if reply.finish_reason != PAUSED:
                return reply
            turn = AssistantMessage(content=reply.content, raw=RawTurn(provider=self._provider, data=reply.raw))
            left_s = max(ends_at - time.monotonic(), _SHORTEST_CALL_S)
            further = request.model_copy(update={"messages": (*request.messages, turn), "timeout_s": left_s})
            reply = self._joined(reply, self._model.complete(further, _Further(listener, reply.content or "")))
        return reply.model_copy(update={"finish_reason": "length"}) if reply.finish_reason == PAUSED else reply


class _Further:
    """Hears the rest of an answer after what was heard before."""

    def __init__(self, listener: Listener, said: str) -> None:
        self._listener = listener
        self._said = said
        self._begun = False

    def begin(self) -> None:
        """What was said before stays; it is said again where this part is tried again."""
        if self._begun:
            self._listener.begin()
            self._listener.text(self._said)
        self._begun = True

    def text(self, delta: str) -> None:
        """More of the same answer."""
        self._listener.text(delta)
