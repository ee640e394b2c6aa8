"""Recorded traffic of real providers, replayed through the SDK."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import httpx2
import pytest
import yaml

from orchestrator import chat, transcript
from orchestrator.llm import sse
from orchestrator.llm.adapter import Adapter
from orchestrator.llm.carriers.openai import OpenAICarrier, openai_client
from orchestrator.llm.errors import ModelProtocolError, ModelRefused
from orchestrator.llm.model import ModelReply, ModelRequest
from orchestrator.llm.providers.openai import OPENAI
from orchestrator.llm.reply import check_usable
from orchestrator.llm.wires.chat.stream import ChatAssembly

CASSETTES = Path(__file__).parents[4].parent / "shared" / "data" / "cassettes"
COMPRESSION_HEADERS = {"content-encoding", "content-length", "transfer-encoding"}


class Recording(NamedTuple):
    """One exchange: the request's body, and the answer with its body as it was sent."""

    name: str
    request: dict[str, Any]
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def recordings() -> Iterator[Recording]:
    """Every recorded chat completion, streamed or not."""
    for path in sorted(CASSETTES.rglob("*.yaml")):
        for number, exchange in enumerate(yaml.safe_load(path.read_text())["interactions"]):
            if "/chat" in exchange["request"]["uri"]:
                yield recorded(f"{path.stem}-{number}", exchange["request"], exchange["response"])


def recorded(name: str, request: dict[str, Any], response: dict[str, Any]) -> Recording:
    """An exchange with its bodies as they were on the wire, but for the compression of those that VCR parsed."""
    headers = [(key, value) for key, values in response["headers"].items() for value in values]
    if "parsed_body" in response:
        headers = [(key, value) for key, value in headers if key.lower() not in COMPRESSION_HEADERS]
    return Recording(name, json.loads(body(request)), response["status"]["code"], headers, body(response))


def body(message: dict[str, Any]) -> bytes:
    """VCR keeps a body parsed, as text or bytes, or as these in a mapping."""
    content = message.get("parsed_body", message.get("body"))
    if isinstance(content, dict):
        content = cast("dict[str, Any]", content).get("string", cast("object", content))
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


RECORDED = list(recordings())
ALL = [recording for recording in RECORDED if not recording.request.get("stream")]
STREAMS = {recording.name: recording for recording in RECORDED if recording.request.get("stream")}
ANSWERED = [recording for recording in ALL if recording.status == 200]
REFUSED = [recording for recording in ALL if recording.status == 400]
pytestmark = pytest.mark.skipif(not ALL, reason=f"the recordings are not there: {CASSETTES.name} beside the project")


def named(choices: list[Recording]) -> list[Any]:
    """One case for each recording, or one that is skipped where there are none."""
    return [pytest.param(choice, id=choice.name) for choice in choices] or [pytest.param(None, id="none")]


def replayed(recording: Recording) -> ModelReply:
    """The reply that our client makes of the recorded answer."""

    def handler(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(recording.status, headers=recording.headers, content=recording.body)

    carrier = OpenAICarrier(openai_client("http://provider.test/v1", "key", transport=httpx2.MockTransport(handler)))
    adapter = Adapter(OPENAI, OPENAI.wire(), carrier)
    try:
        return adapter.complete(ModelRequest(model="m", messages=chat.read(recording.request["messages"]), timeout_s=5))
    finally:
        adapter.close()


def plain(recording: Recording) -> dict[str, Any]:
    """The recorded answer's message, read by another way than ours."""
    response = httpx2.Response(200, headers=recording.headers, content=recording.body)
    return response.json()["choices"][0]["message"]


def plain_calls(message: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The id, name and arguments of each call."""
    calls: list[dict[str, Any]] = message.get("tool_calls") or []
    return [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls]


@pytest.mark.parametrize("recording", named(ANSWERED))
def test_recorded_answers_are_read_as_they_were_sent(recording: Recording) -> None:
    """Names, arguments, ids and text are those of the recording."""
    reply, message = replayed(recording), plain(recording)
    assert [(call.provider_id, call.name, call.arguments) for call in reply.calls] == plain_calls(message)
    assert reply.content == message.get("content")
    assert reply.usage.total_tokens > 0
    assert reply.request_id
    check_usable(reply, tools_offered=True)


@pytest.mark.parametrize("recording", named(ANSWERED))
def test_recorded_requests_are_legal(recording: Recording) -> None:
    """What a provider took, the check of transcripts takes too."""
    transcript.check(recording.request["messages"])


@pytest.mark.parametrize("recording", named(REFUSED))
def test_recorded_refusals_are_typed(recording: Recording) -> None:
    """Groq checks calls against the schema on its side, and blames the request for what the model wrote."""
    with pytest.raises(ModelProtocolError) as caught:
        replayed(recording)
    assert (caught.value.code, caught.value.retryable) == ("tool_use_failed", True)


def test_the_recordings_hold_parallel_calls() -> None:
    """The suite would be empty if none were found."""
    assert sum(len(replayed(recording).calls) > 1 for recording in ANSWERED) >= 5


def put_together(name: str) -> ModelReply:
    """The reply that a recorded stream makes."""
    assembly = ChatAssembly()
    for event in sse.events([STREAMS[name].body]):
        assembly.feed(event)
    return assembly.reply(None)


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("otel_chat_stream_parallel-0", 2),
        ("pydantic-ai_chat_stream_parallel_noargs-0", 2),
        ("pydantic-ai_chat_stream_parallel_noargs-1", 1),
        ("pydantic-ai_chat_stream_parallel_noargs-2", 1),
        ("openllmetry_writer_stream_7_parallel-0", 7),
    ],
)
def test_recorded_streams_come_together(name: str, calls: int) -> None:
    """With all calls, each with an id of its own and an object of arguments."""
    reply = put_together(name)
    assert len({call.provider_id for call in reply.calls}) == len(reply.calls) == calls
    assert all(call.name and isinstance(json.loads(call.arguments), dict) for call in reply.calls)
    assert reply.usage.total_tokens > 0


def test_a_recorded_stream_that_fails_is_an_error() -> None:
    """OpenRouter ends it with status 200 and an error, after two chunks that say it is finished."""
    with pytest.raises(ModelRefused):
        put_together("pydantic-ai_openrouter_stream_error-0")
