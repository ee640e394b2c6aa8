"""Recorded traffic of the Gemini API and Vertex AI: their answers read, their requests made again."""

import json
from itertools import pairwise
from typing import Any, NamedTuple, cast

import pytest

from orchestrator.llm import sse
from orchestrator.llm.model import ModelReply
from orchestrator.llm.wires.gemini import pairing
from orchestrator.llm.wires.gemini.answer import decode
from orchestrator.llm.wires.gemini.contents import contents
from orchestrator.llm.wires.gemini.stream import GeminiAssembly
from orchestrator.messages import AssistantMessage, Call, Message, RawTurn, ToolMessage, UserMessage
from tests import replay


class Exchange(NamedTuple):
    """A recorded request and its answer, streamed or whole."""

    name: str
    request: dict[str, Any]
    answer: bytes
    is_stream: bool

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The answer, read by another way than ours."""
        if not self.is_stream:
            return [json.loads(self.answer)]
        return [json.loads(line.removeprefix("data: ")) for line in self.answer.decode().splitlines() if line.startswith("data: ")]

    @property
    def reply(self) -> ModelReply:
        """What our wire reads."""
        if not self.is_stream:
            return decode(self.answer, None)
        assembly = GeminiAssembly()
        for event in sse.events([self.answer]):
            assembly.feed(event)
        return assembly.reply(None)


def exchanges() -> list[Exchange]:
    """All that went well."""
    return [
        Exchange(f"{path.stem}-{number}", cast("dict[str, Any]", each.request), each.answer, each.operation.startswith("stream"))
        for path in replay.cassettes()
        for number, each in enumerate(replay.interactions(path))
        if each.operation in {"generateContent", "streamGenerateContent"} and each.status == 200
    ]


ALL = exchanges()
EACH = pytest.mark.parametrize("exchange", [pytest.param(each, id=each.name) for each in ALL] or [pytest.param(None, id="none")])
pytestmark = pytest.mark.skipif(not ALL, reason=f"the recordings are not there: {replay.CASSETTES.name} beside the project")


def parts(exchange: Exchange) -> list[dict[str, Any]]:
    """What the recorded model answered."""
    return [part for chunk in exchange.chunks for each in chunk.get("candidates", []) for part in each.get("content", {}).get("parts", [])]


@EACH
def test_recorded_answers_are_read_as_they_were_sent(exchange: Exchange) -> None:
    """Calls, texts and tokens are those of the recording."""
    reply, said = exchange.reply, parts(exchange)
    called = [part["functionCall"] for part in said if "functionCall" in part]
    assert [(call.provider_id, call.name, json.loads(call.arguments)) for call in reply.calls] == [
        (call.get("id"), call["name"], call.get("args", {})) for call in called
    ]
    assert (reply.content or "") == "".join(part.get("text", "") for part in said if not part.get("thought"))
    kept = cast("dict[str, Any]", reply.raw or {"parts": []})["parts"]
    assert signatures(kept) == signatures(said)
    assert exchange.is_stream or reply.raw is None or kept == said
    counts = exchange.chunks[-1]["usageMetadata"]
    assert (reply.usage.total_tokens, reply.usage.prompt_tokens) == (counts["totalTokenCount"], counts["promptTokenCount"])
    assert reply.usage.completion_tokens == reply.usage.total_tokens - reply.usage.prompt_tokens
    assert reply.request_id


def signatures(said: list[dict[str, Any]]) -> list[str]:
    """In their order."""
    return [part["thoughtSignature"] for part in said if "thoughtSignature" in part]


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
        message = kept(exchange.reply, turn)
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
    assert max(len(each.reply.calls) for each in ALL) == 3
