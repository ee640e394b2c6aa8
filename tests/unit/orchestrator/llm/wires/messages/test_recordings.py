"""Recorded traffic of Claude, at Anthropic and on Bedrock: our requests against those that were taken, our replies against what came."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import yaml

from orchestrator import chat
from orchestrator.llm.model import ModelReply, ModelRequest
from orchestrator.llm.providers.anthropic import ANTHROPIC
from orchestrator.llm.reply import check_usable
from orchestrator.llm.wire import Target
from orchestrator.llm.wires.messages.answer import decode
from orchestrator.llm.wires.messages.wire import MessagesWire
from orchestrator.messages import AssistantMessage, Message, RawTurn, ToolMessage, UserMessage

CASSETTES = Path(__file__).parents[6].parent / "shared" / "data" / "cassettes"


class Recording(NamedTuple):
    """Two turns: what was answered first, and the request that gave the results."""

    answer: bytes
    request: dict[str, Any]


def recordings() -> Iterator[Any]:
    """Each conversation with parallel calls and their results."""
    for path in sorted(CASSETTES.rglob("*.yaml")):
        exchanges = yaml.safe_load(path.read_text())["interactions"]
        if len(exchanges) > 1 and ("anthropic" in exchanges[0]["request"]["uri"] and "invoke-with" not in exchanges[0]["request"]["uri"]):
            yield pytest.param(Recording(body(exchanges[0]["response"]), json.loads(body(exchanges[1]["request"]))), id=path.stem)


def body(message: Mapping[str, Any]) -> bytes:
    """VCR keeps a body parsed, as text or bytes, or as these in a mapping."""
    content = message.get("parsed_body", message.get("body"))
    if isinstance(content, dict):
        content = cast("dict[str, Any]", content).get("string", cast("object", content))
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


ALL = list(recordings())
RECORDED = pytest.mark.parametrize("recording", ALL or [pytest.param(None, id="none")])
pytestmark = pytest.mark.skipif(not ALL, reason=f"the recordings are not there: {CASSETTES.name} beside the project")


def continued(recording: Recording, reply: ModelReply) -> list[dict[str, Any]]:
    """Our turns for the recorded conversation: its question, our reading of the answer, and the recorded results."""
    asked, _, given = recording.request["messages"]
    calls = tuple(chat.call(call.provider_id or "", call.name, call.arguments) for call in reply.calls)
    raw = None if reply.raw is None else RawTurn(provider="anthropic", data=reply.raw)
    messages: list[Message] = [UserMessage(content=asked["content"][0]["text"])]
    messages += [AssistantMessage(content=reply.content, calls=calls, raw=raw)]
    messages += [ToolMessage(tool_call_id=block["tool_use_id"], content=result(block)) for block in given["content"]]
    target = Target("anthropic", "m", ANTHROPIC.capabilities)
    wire = MessagesWire()
    found = wire.body(ModelRequest(model="m", messages=tuple(messages), timeout_s=5), target)
    wire.check(found)
    return cast("list[dict[str, Any]]", found["messages"])


def result(block: Mapping[str, Any]) -> str:
    """The text of a recorded result."""
    content = block["content"]
    return content if isinstance(content, str) else content[0]["text"]


def without_marks(turns: list[dict[str, Any]]) -> list[Any]:
    """Turns without what may be left out: that a call did not fail, and that a text is a block of text."""
    blocks = [[dict(block) for block in turn["content"]] for turn in turns]
    for block in (block for turn in blocks for block in turn):
        block.pop("is_error", None)
        if block["type"] == "tool_result":
            block["content"] = result(block)
    return [(turn["role"], content) for turn, content in zip(turns, blocks, strict=True)]


@RECORDED
def test_recorded_answers_are_read_as_they_were_sent(recording: Recording) -> None:
    """Names, inputs, ids and text are those of the recording."""
    reply, message = decode(recording.answer, None), json.loads(recording.answer)
    uses = [block for block in message["content"] if block["type"] == "tool_use"]
    assert [(call.provider_id, call.name, json.loads(call.arguments)) for call in reply.calls] == [
        (block["id"], block["name"], block["input"]) for block in uses
    ]
    assert len(uses) > 1
    assert (reply.content or "") == "".join(block["text"] for block in message["content"] if block["type"] == "text")
    assert (reply.finish_reason, reply.usage.prompt_tokens) == ("tool_calls", message["usage"]["input_tokens"])
    check_usable(reply, tools_offered=True)


@RECORDED
def test_our_request_with_the_results_is_the_one_that_was_taken(recording: Recording) -> None:
    """Turn by turn and block by block."""
    assert without_marks(continued(recording, decode(recording.answer, None))) == without_marks(recording.request["messages"])


def test_the_recordings_hold_several_conversations() -> None:
    """The suite would be empty if none were found."""
    assert len(ALL) >= 4
