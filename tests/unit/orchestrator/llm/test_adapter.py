"""A wire and a carrier put together."""

import json
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from orchestrator.llm.adapter import Adapter
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.failures import of_status
from orchestrator.llm.model import ModelReply, ModelRequest, ResponseFormat, ToolOffer
from orchestrator.llm.providers.openai import OPENAI
from orchestrator.llm.wire import Answer, Body
from orchestrator.messages import AssistantMessage, Call, UserMessage
from orchestrator.transcript import IllegalTranscript

WEATHER = ToolOffer(name="get_weather", description="Gets the weather.", parameters={"type": "object"})
FUSED = '{"city":"Tokyo"}{"city":"Paris"}'


def whole(**message: Any) -> bytes:
    """A whole answer."""
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "model": "gpt-5-mini", "id": "chatcmpl-1"}).encode()


def stream(*deltas: dict[str, Any], end: str | None = "stop") -> bytes:
    """A streamed answer."""
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks += [{"choices": [{"index": 0, "delta": {}, "finish_reason": end}]}] if end else []
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


@dataclass
class Fake:
    """A carrier that gives these answers in turn and remembers what it sent."""

    answers: list[bytes | Iterable[bytes] | ModelError]
    sent: list[tuple[Body, bool]] = field(default_factory=list[tuple[Body, bool]])

    @contextmanager
    def send(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> Generator[Answer]:
        del model, timeout_s
        self.sent.append((body, stream))
        answer = self.answers.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        yield Answer([answer] if isinstance(answer, bytes) else answer, "req_1")

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Ear:
    """A listener that notes what it hears."""

    heard: list[str] = field(default_factory=list[str])

    def begin(self) -> None:
        self.heard.append("begin")

    def text(self, delta: str) -> None:
        self.heard.append(delta)


def asked(carrier: Fake, ear: Ear | None = None, provider: Any = OPENAI, **fields: Any) -> ModelReply:
    """The reply to a request with these fields."""
    request = ModelRequest(model="gpt-5-mini", messages=(UserMessage(content="Hi"),), timeout_s=5).model_copy(update=fields)
    return Adapter(provider, provider.wire(), carrier).complete(request, ear or Ear())


def test_the_text_of_a_stream_is_heard_while_it_comes() -> None:
    """The reply holds it whole."""
    carrier, ear = Fake([stream({"content": "Sun"}, {"content": "ny."})]), Ear()
    reply = asked(carrier, ear, stream=True)
    assert (reply.content, ear.heard, carrier.sent[0][1]) == ("Sunny.", ["begin", "Sun", "ny."], True)
    assert carrier.sent[0][0]["stream_options"] == {"include_usage": True}


def test_a_doubtful_stream_is_asked_for_again_whole() -> None:
    """A listener hears that what it heard is void."""
    fused = {"content": "Let me", "tool_calls": [{"index": 0, "id": "a", "function": {"name": "get_weather", "arguments": FUSED}}]}
    calls = [{"id": str(number), "function": {"name": "get_weather", "arguments": "{}"}} for number in range(2)]
    carrier, ear = Fake([stream(fused), whole(content="Both.", tool_calls=calls)]), Ear()
    reply = asked(carrier, ear, stream=True, tools=(WEATHER,))
    assert [call.arguments for call in reply.calls] == ["{}", "{}"]
    assert ear.heard == ["begin", "Let me", "begin", "Both."]
    assert [(streamed, "stream_options" in body) for body, streamed in carrier.sent] == [(True, True), (False, False)]


def test_a_whole_answer_in_the_place_of_a_stream_is_read() -> None:
    """Some servers do not stream."""
    assert asked(Fake([[b"  \n", whole(content="Sunny.")]]), stream=True).content == "Sunny."


def test_a_provider_that_does_not_stream_is_asked_whole() -> None:
    """Its text is heard at once."""
    silent = replace(OPENAI, capabilities=OPENAI.capabilities.changed(streams=False))
    carrier, ear = Fake([whole(content="Sunny.")]), Ear()
    asked(carrier, ear, silent, stream=True)
    assert (carrier.sent[0][1], ear.heard) == (False, ["begin", "Sunny."])


def test_a_stream_that_breaks_off_is_never_an_answer() -> None:
    """It may succeed when it is tried again."""
    with pytest.raises(ModelUnavailable) as caught:
        asked(Fake([stream({"content": "Sun"}, end=None)]), stream=True)
    assert (caught.value.code, caught.value.retryable, caught.value.request_id) == ("provider_unreachable", True, "req_1")


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_ends_in_the_time_of_its_call(streamed: bool) -> None:  # noqa: FBT001 - a table of two.
    """Blanks and comments that keep a connection alive do not keep a model call alive."""

    def comments() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b": PROCESSING\n\n" if streamed else b" "

    with pytest.raises(ModelUnavailable) as caught:
        asked(Fake([comments()]), stream=streamed, timeout_s=0.05)
    assert caught.value.code == "provider_timeout"


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(streamed: bool) -> None:  # noqa: FBT001 - a table of two.
    """Nor asked for again."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b": " + b"x" * 4 * 1024 * 1024 + b"\n"

    with pytest.raises(ModelProtocolError) as caught:
        asked(Fake([endless()]), stream=streamed)
    assert not caught.value.retryable


def test_an_error_names_the_provider_and_its_variables() -> None:
    """A user reads it, an operator mends it."""
    with pytest.raises(ModelRefused) as caught:
        asked(Fake([of_status(401, {}, {})]))
    assert caught.value.message == "OpenAI does not accept the API key. Check OPENAI_API_KEY."
    assert (str(caught.value), caught.value.provider) == (caught.value.message, "openai")


@pytest.mark.parametrize(("status", "headers", "retryable"), [(429, {}, True), (501, {}, False), (501, {"x-should-retry": "true"}, True)])
def test_the_providers_record_says_what_is_tried_again(status: int, headers: dict[str, str], retryable: bool) -> None:  # noqa: FBT001 - a table.
    """Unless the provider itself says it."""
    with pytest.raises(ModelError) as caught:
        asked(Fake([of_status(status, {}, headers)]))
    assert caught.value.retryable is retryable


def test_calls_inside_a_call_are_unpacked() -> None:
    """multi_tool_use.parallel, which is no tool."""
    uses = [{"recipient_name": "functions.get_weather", "parameters": {"city": city}} for city in ("Tokyo", "Paris")]
    call = {"id": "a", "function": {"name": "multi_tool_use.parallel", "arguments": json.dumps({"tool_uses": uses})}}
    reply = asked(Fake([whole(tool_calls=[call], reasoning_content="Hm.")]), tools=(WEATHER,))
    assert [each.arguments for each in reply.calls if each.name == "get_weather"] == ['{"city": "Tokyo"}', '{"city": "Paris"}']
    assert reply.raw is None


def test_an_answer_in_a_form_may_come_as_a_call() -> None:
    """Where the provider has no means of its own."""
    formless = replace(OPENAI, capabilities=OPENAI.capabilities.changed(response_format="tool"))
    call = {"id": "a", "function": {"name": "final_answer", "arguments": '{"city":"Tokyo"}'}}
    carrier = Fake([whole(content=None, tool_calls=[call])])
    reply = asked(carrier, provider=formless, response_format=ResponseFormat(name="city", answer_schema={"type": "object"}))
    assert (reply.content, reply.calls) == ('{"city":"Tokyo"}', ())
    assert carrier.sent[0][0]["tool_choice"] == {"type": "function", "function": {"name": "final_answer"}}


def test_what_was_changed_in_a_request_is_told() -> None:
    """As warnings of the reply, with the provider's name and the cost."""
    answer = {
        "choices": [{"message": {"content": "Hi"}}],
        "model": "gpt-5-mini",
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
    }
    reply = asked(Fake([json.dumps(answer).encode()]), model="o3-mini", tools=(WEATHER,), parallel_tool_calls=False)
    assert ([warning.code for warning in reply.warnings], reply.provider) == (["parallel_flag_ignored"], "openai")
    assert reply.usage.cost_usd == Decimal("0.00154")


def test_an_illegal_conversation_is_not_sent() -> None:
    """The provider would refuse it."""
    carrier = Fake([])
    with pytest.raises(IllegalTranscript):
        asked(carrier, messages=(AssistantMessage(calls=(Call(id="a", name="x", arguments="{}"),)),))
    assert carrier.sent == []
