"""A streamed answer of /v1/messages put together."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from orchestrator.llm import failures
from orchestrator.llm.model import ModelReply
from orchestrator.llm.untrusted import mapping, text
from orchestrator.llm.wire import DoubtfulStream
from orchestrator.llm.wires.messages import answer

_CUT_OFF: Final = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
#: The field of a block that each kind of delta adds to.
_GROWING: Final[Mapping[str, str]] = {"text_delta": "text", "thinking_delta": "thinking"}


class _Block(NamedTuple):
    """A block that grows, and the text of its input so far."""

    fields: dict[str, Any]
    input_json: list[str]


class MessageAssembly:
    """An Assembly. Blocks come one after another, each with the next index: anything else may have lost a call (any-llm#970)."""

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._blocks: list[_Block] = []
        self._open: set[int] = set()
        self._is_whole = False

    def feed(self, event: Mapping[str, Any]) -> str:
        """Takes the next event; gives the text that it adds. Unknown events are none of ours, as the API's versioning says."""
        match event.get("type"):
            case "message_start":
                self._begin(mapping(event.get("message")))
            case "content_block_start":
                return self._open_block(event.get("index"), mapping(event.get("content_block")))
            case "content_block_delta":
                return self._grow(self._block(event.get("index")), mapping(event.get("delta")))
            case "content_block_stop":
                self._block(event.get("index"))
                self._open.remove(event["index"])
            case "message_delta":
                self._tell(mapping(event.get("delta")), mapping(event.get("usage")))
            case "message_stop":
                self._is_whole = True
            case "error":
                raise failures.of_body(event.get("error"), text(event.get("request_id")))
            case _:
                pass
        return ""

    def reply(self, request_id: str | None) -> ModelReply:
        """The whole answer."""
        if not self._is_whole and not self._message.get("stop_reason"):
            raise failures.broken_off(request_id)
        contents = [self._content(block, is_last=block is self._blocks[-1]) for block in self._blocks]
        return answer.reply({**self._message, "content": contents}, request_id)

    def _begin(self, message: Mapping[str, Any]) -> None:
        if self._message or self._blocks:
            raise DoubtfulStream("a second message begins")
        self._message = {**message, "usage": dict(mapping(message.get("usage")))}

    def _open_block(self, index: Any, content: Mapping[str, Any]) -> str:
        if index != len(self._blocks) or isinstance(index, bool) or self._is_whole:
            raise DoubtfulStream(f"block {index} begins where {len(self._blocks)} is next")
        self._blocks.append(_Block(dict(content), []))
        self._open.add(index)
        return (text(content.get("text")) or "") if content.get("type") == "text" else ""

    def _block(self, index: Any) -> _Block:
        if not isinstance(index, int) or index not in self._open:
            raise DoubtfulStream(f"block {index} is not open")
        return self._blocks[index]

    def _grow(self, block: _Block, delta: Mapping[str, Any]) -> str:
        """Adds the delta to the block; gives the answer's text in it."""
        kind = delta.get("type")
        if field := _GROWING.get(str(kind)):
            added = text(delta.get(field)) or ""
            block.fields[field] = (text(block.fields.get(field)) or "") + added
            return added if kind == "text_delta" else ""
        match kind:
            case "input_json_delta":
                block.input_json.append(text(delta.get("partial_json")) or "")
            case "signature_delta":
                block.fields["signature"] = text(delta.get("signature"))
            case "citations_delta":
                block.fields["citations"] = [*(block.fields.get("citations") or ()), delta.get("citation")]
            case _:  # A block would go back without what this one adds.
                raise DoubtfulStream(f"a delta of an unknown type in block {block.fields.get('type')}")
        return ""

    def _tell(self, delta: Mapping[str, Any], usage: Mapping[str, Any]) -> None:
        """How the message ends, and its counts of tokens so far, each for the whole message."""
        self._message |= {key: value for key, value in delta.items() if value is not None}
        counts = {key: value for key, value in usage.items() if value is not None}
        self._message["usage"] = {**mapping(self._message.get("usage")), **counts}

    def _content(self, block: _Block, *, is_last: bool) -> dict[str, Any]:
        """The block with its input. An input that was cut off stays text: its call is known not to run."""
        input_json = "".join(block.input_json)
        if not input_json.strip():
            return block.fields
        try:
            return {**block.fields, "input": json.loads(input_json)}
        except (ValueError, RecursionError):
            if is_last and self._message.get("stop_reason") in _CUT_OFF:
                return {**block.fields, "input": input_json}
            raise DoubtfulStream("the input of a call is not JSON") from None
