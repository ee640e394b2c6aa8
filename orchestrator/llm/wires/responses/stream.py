"""A streamed response of the Responses API put together."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm import failures, sse
from orchestrator.llm.model import ModelReply
from orchestrator.llm.untrusted import mapping, text
from orchestrator.llm.wires.responses import answer

_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})


class ResponsesAssembly:
    """An Assembly. The last event holds the whole response, so the fragments of calls, which may be mixed up, are not needed."""

    def __init__(self) -> None:
        self._response: Mapping[str, Any] | None = None
        self._items: list[JsonValue] = []
        self._speaker: object = None

    def feed(self, event: Mapping[str, JsonValue]) -> str:
        kind = text(event.get("type"))
        if event is sse.DONE:
            return ""
        if kind == "error" or event.get("error"):
            raise failures.of_body(event.get("error") or event, None)
        if kind in _ENDS:
            self._response = mapping(event.get("response"))
        if kind == "response.output_item.done":
            self._items.append(event.get("item"))
        return self._said(event) if kind == "response.output_text.delta" else ""

    def reply(self, request_id: str | None) -> ModelReply:
        if self._response is None:
            raise failures.broken_off(request_id)
        # Some servers leave the output out of the last event.
        whole = self._response if self._response.get("output") else {**self._response, "output": self._items}
        return answer.read(whole, request_id)

    def _said(self, event: Mapping[str, JsonValue]) -> str:
        """The text of the delta, apart from that of another message."""
        delta, speaker = text(event.get("delta")) or "", (event.get("output_index"), event.get("item_id"))
        is_other = self._speaker is not None and self._speaker != speaker
        self._speaker = speaker
        return answer.BETWEEN_MESSAGES + delta if is_other else delta
