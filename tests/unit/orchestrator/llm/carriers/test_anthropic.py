"""Model calls through the anthropic SDK, to a provider on the loopback interface or with the network replaced."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx2
import pytest
from pydantic import JsonValue

from orchestrator.llm.adapter import Adapter
from orchestrator.llm.carriers.anthropic import AnthropicCarrier
from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply, ModelRequest, Sampling
from orchestrator.llm.providers.anthropic import ANTHROPIC
from orchestrator.llm.wire import Body
from orchestrator.messages import UserMessage

SUNNY: dict[str, Any] = {"type": "message", "content": [{"type": "text", "text": "Sunny."}], "stop_reason": "end_turn"}
REQUEST = ModelRequest(model="claude-sonnet-4-5", messages=(UserMessage(content="Weather in Köln?"),), timeout_s=5.0)
Handler = Callable[[httpx2.Request], httpx2.Response]


class Provider(BaseHTTPRequestHandler):
    """A provider on a real socket, which notes what it is asked and from where."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[tuple[int, str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        """Answers every question alike."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append((self.client_address[1], self.path, body))
        content = json.dumps(SUNNY).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(content)))
        self.send_header("request-id", "req_1")
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def provider() -> Iterator[str]:
    """The base URL of a provider on the loopback interface."""
    Provider.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def asked(handler: Handler, request: ModelRequest = REQUEST, api_key: str | None = "sk-ant-secret", token: str | None = None) -> ModelReply:
    """The reply of a provider that answers so."""
    carrier = AnthropicCarrier("http://provider.test", api_key, token, transport=httpx2.MockTransport(handler))
    adapter = Adapter(ANTHROPIC, ANTHROPIC.wire(), carrier)
    try:
        return adapter.complete(request)
    finally:
        adapter.close()


def seen(api_key: str | None, token: str | None = None) -> httpx2.Request:
    """The request that is made with these keys."""
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json=SUNNY)

    asked(handler, api_key=api_key, token=token)
    return requests[0]


def test_the_body_is_sent_as_the_wire_wrote_it(provider: str) -> None:
    """To /v1/messages, over a connection that is kept. The SDK's warning of an old model does not stand in the way."""
    adapter = Adapter(ANTHROPIC, ANTHROPIC.wire(), ANTHROPIC.connect({"ANTHROPIC_BASE_URL": provider}, 4))
    replies = [adapter.complete(REQUEST) for _ in range(3)]
    adapter.close()
    assert {(reply.content, reply.request_id, reply.provider) for reply in replies} == {("Sunny.", "req_1", "anthropic")}
    assert (
        Provider.seen
        == [
            (
                Provider.seen[0][0],
                "/v1/messages",
                {
                    "model": "claude-sonnet-4-5",
                    "max_tokens": 16384,
                    "messages": [{"role": "user", "content": [{"type": "text", "text": "Weather in Köln?"}]}],
                },
            )
        ]
        * 3
    )


@pytest.mark.parametrize(
    ("keys", "authorization"),
    [
        pytest.param({"api_key": "sk-ant-1"}, "Bearer sk-ant-1", id="key"),
        pytest.param({"api_key": None, "token": "token"}, "Bearer token", id="token"),
        pytest.param({"api_key": "sk-ant-1", "token": "token"}, "Bearer sk-ant-1", id="key-before-token"),
        pytest.param({"api_key": " \n"}, "Bearer none", id="neither"),
    ],
)
def test_a_key_or_a_token_is_sent(monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any], authorization: str) -> None:
    """The SDK never looks for one of its own."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-the-environment")
    assert seen(**keys).headers["authorization"] == authorization


def test_a_stream_is_asked_for_in_the_body() -> None:
    """And read as it comes."""
    bodies: list[Any] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, content=iter([b"data: ", b"{}\n\n"]), headers={"request-id": "req_1"})

    carrier = AnthropicCarrier("http://provider.test", "key", transport=httpx2.MockTransport(handler))
    body: Body = {"model": "m", "max_tokens": 5, "messages": []}
    with carrier.send(body, "m", stream=True, timeout_s=5) as answer:
        assert (b"".join(answer.chunks), answer.request_id) == (b"data: {}\n\n", "req_1")
    carrier.close()
    assert bodies == [body | {"stream": True}]


@pytest.mark.parametrize(
    ("thinking", "beta"),
    [({"type": "adaptive"}, None), ({"type": "adaptive", "block_binding": {}}, "thinking-binding-controls-2026-08-01")],
)
def test_what_is_not_generally_available_is_named_in_a_header(thinking: JsonValue, beta: str | None) -> None:
    """Else the API refuses the field."""
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json=SUNNY)

    carrier = AnthropicCarrier("http://provider.test", "key", transport=httpx2.MockTransport(handler))
    with carrier.send({"model": "m", "thinking": thinking}, "m", stream=False, timeout_s=5):
        carrier.close()
    assert requests[0].headers.get("anthropic-beta") == beta


def test_the_request_is_made_once() -> None:
    """The SDK's own retries are off."""
    requests: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(500, json={}, headers={"x-should-retry": "true"})

    with pytest.raises(ModelUnavailable):
        asked(handler)
    assert len(requests) == 1


def failed(status: int, kind: str, headers: dict[str, str] | None = None, **details: Any) -> ModelError:
    """What becomes of an answer with this status and error."""
    error = {"type": "error", "error": {"type": kind, "message": "You wrote: dear diary", **details}, "request_id": "req_1"}
    with pytest.raises(ModelError) as caught:
        asked(lambda _: httpx2.Response(status, json=error, headers={"request-id": "req_1", **(headers or {})}))
    assert (caught.value.request_id, caught.value.status, caught.value.provider) == ("req_1", status, "anthropic")
    assert "diary" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (409, "api_error", "provider_unavailable"),
        (429, "rate_limit_error", "rate_limited"),
        (500, "api_error", "provider_unavailable"),
        (504, "timeout_error", "provider_unavailable"),
        (529, "overloaded_error", "provider_unavailable"),
    ],
)
def test_failures_that_may_pass_are_tried_again(status: int, kind: str, code: str) -> None:
    """After the wait that the provider asks for."""
    error = failed(status, kind, {"retry-after": "3"})
    assert (error.code, error.retryable, error.retry_after_s) == (code, True, 3.0)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", "invalid_request"),
        (401, "authentication_error", "authentication_failed"),
        (402, "billing_error", "quota_exhausted"),
        (403, "permission_error", "permission_denied"),
        (404, "not_found_error", "model_not_found"),
        (413, "request_too_large", "context_length_exceeded"),
    ],
)
def test_failures_that_stay_are_not(status: int, kind: str, code: str) -> None:
    """Someone must change something first."""
    error = failed(status, kind)
    assert (error.code, error.retryable) == (code, False)


@pytest.mark.parametrize(
    "word", ["enforced_spend_limit_reached", "contract_spend_limit_reached", "linked_organization_spend_limit_reached"]
)
def test_a_spending_limit_is_not_waited_for(word: str) -> None:
    """It comes with the status of a rate limit."""
    error = failed(429, "rate_limit_error", details={"error_code": word})
    assert (error.code, error.retryable) == ("quota_exhausted", False)


def raising(error: type[httpx2.RequestError]) -> Handler:
    """A provider that cannot be asked."""

    def handler(request: httpx2.Request) -> httpx2.Response:
        raise error("driver text", request=request)

    return handler


def breaking(error: type[httpx2.RequestError]) -> Handler:
    """A provider that fails in the middle of its answer."""

    def chunks() -> Iterator[bytes]:
        yield b'{"content": ['
        raise error("driver text")

    return lambda _: httpx2.Response(200, content=chunks())


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        pytest.param(raising(httpx2.ConnectError), "provider_unreachable", id="connect"),
        pytest.param(raising(httpx2.ReadTimeout), "provider_timeout", id="read-timeout"),
        pytest.param(breaking(httpx2.ReadTimeout), "provider_timeout", id="read-timeout-in-the-answer"),
        pytest.param(breaking(httpx2.RemoteProtocolError), "provider_unreachable", id="connection-lost-in-the-answer"),
    ],
)
def test_a_broken_connection_is_retryable(handler: Handler, code: str) -> None:
    """Before and in the middle of the answer."""
    with pytest.raises(ModelUnavailable) as caught:
        asked(handler)
    assert (caught.value.code, caught.value.retryable, "driver" in str(caught.value)) == (code, True, False)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(REQUEST.model_copy(update={"sampling": Sampling(stop=("\ud800",))}), id="lone-surrogate"),
        pytest.param(REQUEST.model_copy(update={"messages": (UserMessage(content="\ud800"),)}), id="lone-surrogate-in-a-message"),
    ],
)
def test_what_json_cannot_carry_is_refused_before_it_is_sent(request_: ModelRequest) -> None:
    """With a typed error, as any other."""
    with pytest.raises(ModelRefused) as caught:
        asked(lambda _: httpx2.Response(200, json=SUNNY), request_)
    assert caught.value.code == "invalid_request"
