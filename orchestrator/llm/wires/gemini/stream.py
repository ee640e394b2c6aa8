"""Gemini's streamed answers. Each chunk is an answer of its own with some of the parts; a call is whole in its chunk, unless Vertex
AI was asked to stream its arguments too."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from orchestrator.llm import failures
from orchestrator.llm.model import ModelReply
from orchestrator.llm.untrusted import NOTHING, mapping, mappings, text
from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.gemini import answer
from orchestrator.llm.wires.gemini.arguments import put

#: The fields of a part whose pieces can be joined. A signature belongs to the very part that it came with.
_JOINED: Final = frozenset({"text", "thought"})


class GeminiAssembly:
    """An Assembly."""

    def __init__(self) -> None:
        self._parts: list[dict[str, Any]] = []
        self._candidate: dict[str, Any] = {}
        self._answer: dict[str, Any] = {}
        #: The last part is a call of which more will come.
        self._is_open = False

    def feed(self, event: Mapping[str, JsonValue]) -> str:
        if error := event.get("error"):
            raise failures.of_body(error, text(self._answer.get("responseId")))
        # Each chunk counts the tokens anew: the last that says something is right.
        self._answer |= {key: value for key, value in event.items() if value}
        candidate = next((each for each in mappings(self._answer.pop("candidates", None)) if not each.get("index")), NOTHING)
        self._candidate |= {key: value for key, value in candidate.items() if value}
        parts = mappings(mapping(candidate.get("content")).get("parts"))
        for part in parts:
            self._add(dict(part))
        return "".join(map(answer.said, parts))

    def reply(self, request_id: str | None) -> ModelReply:
        if not self._candidate.get("finishReason") and not self._answer.get("promptFeedback"):
            raise failures.broken_off(request_id)
        if self._is_open:
            raise DoubtfulStream
        candidates = [self._candidate | {"content": {"parts": self._parts}}] if self._candidate else []
        return answer.reply(self._answer | {"candidates": candidates}, request_id)

    def _add(self, part: dict[str, Any]) -> None:
        last = self._parts[-1] if self._parts else {}
        if isinstance(part.get("functionCall"), Mapping):
            self._add_call(part, last)
        elif part == {"text": ""}:
            pass
        elif self._is_open:
            raise DoubtfulStream
        elif _is_more(part, last):
            last["text"] += part["text"]
        else:
            self._parts.append(part)

    def _add_call(self, part: dict[str, Any], last: dict[str, Any]) -> None:
        """Only the first piece of a call names it."""
        called = dict(mapping(part["functionCall"]))
        pieces, goes_on = mappings(called.pop("partialArgs", None)), bool(called.pop("willContinue", False))
        if self._is_open and not called.get("name"):
            last |= {**part, "functionCall": last["functionCall"]}
        elif self._is_open:
            raise DoubtfulStream
        else:
            self._parts.append({**part, "functionCall": called})
        call = self._parts[-1]["functionCall"]
        for piece in pieces:
            put(call.setdefault("args", {}), piece)
        self._is_open = goes_on


def _is_more(part: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    texts = isinstance(part.get("text"), str) and isinstance(last.get("text"), str)
    return texts and part.keys() | last.keys() <= _JOINED and part.get("thought") == last.get("thought")
