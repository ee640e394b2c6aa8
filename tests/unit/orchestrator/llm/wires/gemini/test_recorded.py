"""Recorded traffic of the Gemini API and Vertex AI: their answers read, their requests made again."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import yaml

from orchestrator.llm.model import ModelReply
from orchestrator.llm.wires.gemini import pairing
from orchestrator.llm.wires.gemini.answer import decode
from orchestrator.llm.wires.gemini.contents import contents
from orchestrator.messages import AssistantMessage, Call, Message, RawTurn, ToolMessage, UserMessage

CASSETTES = Path(__file__).parents[6].parent / "shared" / "data" / "cassettes"


class Exchange(NamedTuple):
    """A recorded request's body, and the answer's."""

    name: str
    request: dict[str, Any]
    answer: bytes


def body(half: dict[str, Any]) -> bytes:
    """As a recorder kept it: parsed, as text, or as a text in a mapping."""
    content = half["parsed_body"] if "parsed_body" in half else half["body"]
    if isinstance(content, dict):
        fields = cast("dict[str, Any]", content)
        content = fields.get("string", json.dumps(fields))
    return content if isinstance(content, bytes) else content.encode()


def exchanges() -> list[Exchange]:
    """All that asked generateContent and were not streamed."""
    return [
        Exchange(f"{path.stem}-{number}", json.loads(body(each["request"])), body(each["response"]))
        for path in sorted(CASSETTES.rglob("*.yaml"))
        for number, each in enumerate(yaml.safe_load(path.read_text())["interactions"])
        if ":generateContent" in each["request"]["uri"] and each["response"]["status"]["code"] == 200
    ]


ALL = exchanges()
EACH = pytest.mark.parametrize("exchange", [pytest.param(each, id=each.name) for each in ALL] or [pytest.param(None, id="none")])
pytestmark = pytest.mark.skipif(not ALL, reason=f"the recordings are not there: {CASSETTES.name} beside the project")


def parts(exchange: Exchange) -> list[dict[str, Any]]:
    """What the recorded model answered, read by another way than ours."""
    return json.loads(exchange.answer)["candidates"][0]["content"]["parts"]


@EACH
def test_recorded_answers_are_read_as_they_were_sent(exchange: Exchange) -> None:
    """Calls, texts and tokens are those of the recording."""
    reply = decode(exchange.answer, None)
    called = [part["functionCall"] for part in parts(exchange) if "functionCall" in part]
    assert [(call.provider_id, call.name, json.loads(call.arguments)) for call in reply.calls] == [
        (call.get("id"), call["name"], call["args"]) for call in called
    ]
    assert (reply.content or "") == "".join(part.get("text", "") for part in parts(exchange))
    assert reply.raw == {"role": "model", "parts": parts(exchange)}
    counts = json.loads(exchange.answer)["usageMetadata"]
    assert (reply.usage.total_tokens, reply.usage.prompt_tokens) == (counts["totalTokenCount"], counts["promptTokenCount"])
    assert reply.usage.completion_tokens == reply.usage.total_tokens - reply.usage.prompt_tokens
    assert reply.request_id


@EACH
def test_recorded_requests_are_legal(exchange: Exchange) -> None:
    """What Google took, the check of pairs takes too."""
    pairing.check(exchange.request)


def kept(reply: ModelReply, turn: int) -> AssistantMessage:
    """The reply as it is kept, with ids of ours."""
    calls = tuple(Call(id=f"call_{turn}_{at}", name=call.name, arguments=call.arguments) for at, call in enumerate(reply.calls))
    return AssistantMessage(content=reply.content, calls=calls, raw=RawTurn(provider="google", data=reply.raw))


def test_the_next_request_is_paired_as_the_recorded_one() -> None:
    """Three calls without ids, signed on the first alone, then a call in each turn."""
    turns = [each for each in ALL if each.name.startswith("pydantic-ai_gemini3_3_parallel_no_ids")]
    messages: list[Message] = [UserMessage(content="")]
    for turn, (exchange, following) in enumerate(pairwise(turns)):
        message = kept(decode(exchange.answer, None), turn)
        given = [part["functionResponse"] for part in following.request["contents"][-1]["parts"]]
        results = [each["response"]["return_value"] for each in given]
        messages += [
            message,
            *(ToolMessage(tool_call_id=c.id, name=c.name, content=r) for c, r in zip(message.calls, results, strict=True)),
        ]
        assert contents(messages, "google", signed=True)[-2] == {"role": "model", "parts": parts(exchange)}
    made = cast("list[dict[str, Any]]", contents(messages, "google", signed=True))
    assert [shape(content) for content in made] == [shape(content) for content in turns[-1].request["contents"]]
    assert [len(content["parts"]) for content in made] == [1, 3, 3, 1, 1, 1, 1, 1, 1]


def shape(content: dict[str, Any]) -> tuple[str, list[Any]]:
    """Who speaks, and of each part its kind, its name and whether it is signed."""
    kinds = [next(kind for kind in ("text", "functionCall", "functionResponse") if kind in part) for part in content["parts"]]
    named = [kind if kind == "text" else part[kind]["name"] for kind, part in zip(kinds, content["parts"], strict=True)]
    return content["role"], list(zip(kinds, named, ["thoughtSignature" in part for part in content["parts"]], strict=True))


def test_the_recordings_hold_parallel_calls() -> None:
    """The suite would be empty if none were found."""
    assert max(len(decode(each.answer, None).calls) for each in ALL) == 3
