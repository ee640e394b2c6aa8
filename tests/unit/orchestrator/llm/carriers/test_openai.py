"""Model calls through the openai SDK, with the wire replaced."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx2
import pytest

from orchestrator.llm.adapter import Adapter
from orchestrator.llm.carriers.openai import OpenAICarrier, openai_client
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply, ModelRequest, Sampling, ToolOffer
from orchestrator.llm.providers.openai import OPENAI
from orchestrator.messages import UserMessage

MESSAGES = (UserMessage(content="Weather in Köln?", name="anna"),)
WEATHER = ToolOffer(name="get_weather", description="Gets the weather.", parameters={"type": "object"})
SUNNY = {"choices": [{"message": {"content": "Sunny."}, "finish_reason": "stop"}]}


class Provider(BaseHTTPRequestHandler):
    """A provider on a real socket, which notes from where it is asked."""

    protocol_version = "HTTP/1.1"
    callers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        """Answers every question alike."""
        self.callers.append(self.client_address[1])
        self.rfile.read(int(self.headers["content-length"]))
        content = json.dumps(SUNNY).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def provider() -> Iterator[str]:
    """The base URL of a provider on the loopback interface."""
    Provider.callers.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


Handler = Callable[[httpx2.Request], httpx2.Response]


def adapted(base_url: str, api_key: str | None, transport: httpx2.BaseTransport | None = None) -> Adapter:
    """The models of that server."""
    return Adapter(OPENAI, OPENAI.wire(), OpenAICarrier(openai_client(base_url, api_key, transport=transport)))


def asked(handler: Handler, **fields: Any) -> ModelReply:
    """The reply to a request with these fields, from a provider that answers so."""
    chat = adapted("http://provider.test/v1", "sk-secret", httpx2.MockTransport(handler))
    try:
        request = ModelRequest(model="gpt-5", messages=MESSAGES, timeout_s=5.0)
        return chat.complete(request.model_copy(update=fields))
    finally:
        chat.close()


def sent(**fields: Any) -> dict[str, Any]:
    """The body that goes to the provider."""
    bodies: list[bytes] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        return httpx2.Response(200, json=SUNNY)

    asked(handler, **fields)
    return json.loads(bodies[0])


def test_a_request_holds_the_model_and_the_messages() -> None:
    """Nothing is added that was not asked for."""
    assert sent() == {"model": "gpt-5", "messages": [{"role": "user", "content": "Weather in Köln?", "name": "anna"}]}


def test_tools_are_sent_in_the_form_of_chat_completions() -> None:
    """With the settings that belong to them."""
    body = sent(tools=(WEATHER,), tool_choice="required", parallel_tool_calls=False)
    assert body["tools"] == [
        {"type": "function", "function": {"name": "get_weather", "description": "Gets the weather.", "parameters": {"type": "object"}}}
    ]
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)


def test_parallel_tool_calls_are_not_mentioned_unless_set() -> None:
    """Reasoning models refuse the parameter (langchain#29704)."""
    assert set(sent(tools=(WEATHER,))) == {"model", "messages", "tools"}


def test_settings_of_tools_are_not_sent_without_tools() -> None:
    """Providers refuse them then (Upsonic#323)."""
    assert set(sent(tool_choice="auto", parallel_tool_calls=True)) == {"model", "messages"}


def test_sampling_is_sent_where_it_was_set() -> None:
    """What nobody asked for is the provider's to choose."""
    body = sent(sampling=Sampling(temperature=0.5, seed=7))
    assert (set(body), body["temperature"], body["seed"]) == ({"model", "messages", "temperature", "seed"}, 0.5, 7)


def test_the_key_is_sent_and_the_request_is_made_once() -> None:
    """The SDK's own retries are off."""
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(500, json={})

    with pytest.raises(ModelUnavailable):
        asked(handler)
    assert [(str(request.url), request.headers["authorization"]) for request in requests] == [
        ("http://provider.test/v1/chat/completions", "Bearer sk-secret")
    ]


def test_the_connection_is_kept_between_calls(provider: str) -> None:
    """A new connection, with TLS, would cost more than many answers."""
    chat = adapted(provider, "sk-secret")
    for _ in range(3):
        chat.complete(ModelRequest(model="m", messages=MESSAGES, timeout_s=5))
    chat.close()
    assert len(Provider.callers) == 3
    assert len(set(Provider.callers)) == 1


def test_a_provider_that_is_not_there_is_unreachable() -> None:
    """A refused connection may be accepted later."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    chat = adapted(f"http://127.0.0.1:{port}/v1", "sk-secret")
    with pytest.raises(ModelUnavailable) as caught:
        chat.complete(ModelRequest(model="m", messages=MESSAGES, timeout_s=5))
    chat.close()
    assert caught.value.code == "provider_unreachable"


def test_a_missing_key_is_left_to_the_provider_to_refuse() -> None:
    """Local servers need none."""
    seen: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.headers["authorization"])
        return httpx2.Response(200, json=SUNNY)

    chat = adapted("http://provider.test/v1", " \n", httpx2.MockTransport(handler))
    chat.complete(ModelRequest(model="m", messages=MESSAGES, timeout_s=5))
    chat.close()
    assert seen == ["Bearer none"]


def test_the_reply_names_the_request() -> None:
    """The provider's id comes in a header."""
    reply = asked(lambda _: httpx2.Response(200, json=SUNNY, headers={"x-request-id": "req_1"}))
    assert (reply.content, reply.request_id) == ("Sunny.", "req_1")


def test_a_refusal_of_the_provider_is_typed() -> None:
    """With its status and its name for the request, and without its text."""
    error = {"error": {"message": "Incorrect API key provided: sk-secret", "code": "invalid_api_key"}}
    with pytest.raises(ModelRefused) as caught:
        asked(lambda _: httpx2.Response(401, json=error, headers={"x-request-id": "req_1"}))
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("authentication_failed", 401, "req_1")
    assert "sk-secret" not in str(caught.value)


def raising(error: type[httpx2.RequestError]) -> Handler:
    """A provider that cannot be asked."""

    def handler(request: httpx2.Request) -> httpx2.Response:
        raise error("driver text", request=request)

    return handler


def breaking(error: type[httpx2.RequestError]) -> Handler:
    """A provider that fails in the middle of its answer."""

    def chunks() -> Iterator[bytes]:
        yield b'{"choices": ['
        raise error("driver text")

    return lambda _: httpx2.Response(200, content=chunks())


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        pytest.param(raising(httpx2.ConnectError), "provider_unreachable", id="connect"),
        pytest.param(raising(httpx2.ConnectTimeout), "provider_timeout", id="connect-timeout"),
        pytest.param(raising(httpx2.ReadTimeout), "provider_timeout", id="read-timeout"),
        pytest.param(raising(httpx2.PoolTimeout), "provider_timeout", id="pool-timeout"),
        pytest.param(breaking(httpx2.ReadTimeout), "provider_timeout", id="read-timeout-in-the-answer"),
        pytest.param(breaking(httpx2.RemoteProtocolError), "provider_unreachable", id="connection-lost-in-the-answer"),
    ],
)
def test_a_broken_connection_is_retryable(handler: Handler, code: str) -> None:
    """Before and in the middle of the answer."""
    with pytest.raises(ModelUnavailable) as caught:
        asked(handler)
    assert (caught.value.code, caught.value.retryable, "driver" in str(caught.value)) == (code, True, False)


def test_an_answer_that_never_ends_is_cut_off_in_time() -> None:
    """Blanks that keep a connection alive do not keep a model call alive."""

    def blanks() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b" "

    with pytest.raises(ModelUnavailable) as caught:
        asked(lambda _: httpx2.Response(200, content=blanks()), timeout_s=0.05)
    assert caught.value.code == "provider_timeout"


def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    """Nor asked for again."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * 1024 * 1024

    with pytest.raises(ModelProtocolError) as caught:
        asked(lambda _: httpx2.Response(200, content=endless()))
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"sampling": Sampling(temperature=float("nan"))}, id="nan"),
        pytest.param({"messages": (UserMessage.model_construct(content="\ud800"),)}, id="lone-surrogate"),
    ],
)
def test_what_json_cannot_carry_is_refused_before_it_is_sent(fields: dict[str, Any]) -> None:
    """With a typed error, as any other."""
    with pytest.raises(ModelRefused) as caught:
        asked(lambda _: httpx2.Response(200, json=SUNNY), **fields)
    assert caught.value.code == "invalid_request"


def test_a_compressed_answer_is_read() -> None:
    """Providers compress what clients accept."""
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    content = gzip.compress(json.dumps(SUNNY).encode())
    assert asked(lambda _: httpx2.Response(200, content=content, headers=headers)).content == "Sunny."


def test_the_cause_of_an_error_is_not_shown_with_it() -> None:
    """A traceback in a log must not print the driver's text, which may quote the prompt."""
    with pytest.raises(ModelError) as caught:
        asked(lambda _: httpx2.Response(400, json={"error": {"message": "You wrote: dear diary"}}))
    assert caught.value.__suppress_context__
