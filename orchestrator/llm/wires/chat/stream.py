"""A streamed chat completion put together."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm import failures, sse
from orchestrator.llm.model import ModelReply
from orchestrator.llm.untrusted import NOTHING, mapping, mappings, storable, text
from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.chat import answer
from orchestrator.llm.wires.chat.fragments import Fragments

#: Where chunks give several reasons, the first of these counts: calls run only where nothing speaks against it.
_WORST_FIRST: Final = ("error", "content_filter", "length", "refusal")
#: Texts of a message that come in pieces.
_TEXTS: Final = ("content", "refusal", "reasoning_content", "reasoning")
#: Fields of a reasoning detail that come in pieces; the others come whole.
_DETAIL_TEXTS: Final = frozenset({"text", "summary", "data"})


class ChatAssembly:
    """An Assembly. What it makes of the chunks is read as a whole answer is."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
        self._details: list[dict[str, JsonValue]] = []
        self._calls = Fragments()
        self._finish_reasons: list[str] = []
        self._usage: Mapping[str, Any] = NOTHING
        self._id: str | None = None
        self._model = ""
        self._is_done = False

    def feed(self, event: Mapping[str, JsonValue]) -> str:
        if event is sse.DONE:
            self._is_done = True
            return ""
        choice = next((choice for choice in mappings(event.get("choices")) if not choice.get("index")), NOTHING)
        if error := event.get("error") or choice.get("error"):
            raise failures.of_body(error, text(event.get("id")))
        self._id = self._id or text(event.get("id"))
        self._model = self._model or text(event.get("model")) or ""
        # Groq counts in a place of its own, some servers in each chunk: the last count is the whole.
        self._usage = mapping(event.get("usage")) or mapping(mapping(event.get("x_groq")).get("usage")) or self._usage
        if reason := text(choice.get("finish_reason")):
            self._finish_reasons.append(reason)
        # Some servers repeat what is new as a message too.
        return self._add(mapping(choice.get("delta")) or mapping(choice.get("message")))

    def reply(self, request_id: str | None) -> ModelReply:
        if not self._finish_reasons:
            if self._is_done:
                raise DoubtfulStream
            raise failures.broken_off(request_id)
        reason = next((reason for reason in _WORST_FIRST if reason in self._finish_reasons), self._finish_reasons[0])
        document = {
            "id": self._id,
            "model": self._model,
            "choices": [{"message": self._message(is_cut=reason in _WORST_FIRST), "finish_reason": reason}],
            "usage": self._usage,
        }
        return answer.read(document, request_id)

    def _add(self, delta: Mapping[str, Any]) -> str:
        """What the delta adds; gives its text."""
        said = answer.content(delta.get("content")) or ""
        for name in _TEXTS:
            if piece := said if name == "content" else text(delta.get(name)):
                self._texts[name].append(piece)
        self._add_details(mappings(delta.get("reasoning_details")))
        for fragment in mappings(delta.get("tool_calls")):
            self._calls.add(fragment)
        if legacy := mapping(delta.get("function_call")):
            self._calls.add({"index": 0, "function": legacy})
        return said

    def _add_details(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        """A piece of the same index and kind as the last detail goes on with it."""
        for piece in pieces:
            last: dict[str, JsonValue] = self._details[-1] if self._details else {}
            if not last or any(last.get(name) != piece.get(name) for name in ("index", "type")):
                last = {}
                self._details.append(last)
            for name, value in piece.items():
                if name in _DETAIL_TEXTS and isinstance(value, str):
                    last[name] = f"{last.get(name) or ''}{text(value)}"
                elif value is not None or name not in last:
                    last[name] = storable(value)

    def _message(self, *, is_cut: bool) -> dict[str, JsonValue]:
        message: dict[str, JsonValue] = {name: "".join(pieces) for name, pieces in self._texts.items() if pieces}
        if self._details:
            message["reasoning_details"] = list(self._details)
        if calls := self._calls.whole(is_cut=is_cut):
            message["tool_calls"] = list(calls)
        return {"role": "assistant", **message}
