"""Requests through the google-genai SDK, to a server on the loopback interface."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx2
import pytest
from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

from orchestrator.llm.carriers.google import Account, GoogleCarrier
from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.wire import Body

KEY = Account(api_key="AIza-secret")
PROJECT = Account(vertex=True, project="p", location="europe-west4", token="ya29-secret")
EXPRESS = Account(vertex=True, api_key="AQ-secret")
#: What the SDK's own types would change: names in snake_case, URL-safe base64, fields that they do not know.
BODY: Body = {
    "contents": [
        {"role": "user", "parts": [{"text": "Köln?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"base_url": 1}}, "thoughtSignature": "ab+/cd==", "new": 1}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"properties": {"contents": {"$ref": "#/$defs/x"}}}}]}],
    "generationConfig": {"topP": 1},
    "aFieldOfTomorrow": {"a_b": None},
}
#: An answer that would not survive the SDK's types.
ANSWER = b' {"candidates": [{"content": {"parts": [{"thoughtSignature": "ab-_cd==", "unknown": 1e2}]}}]}\n'


class Google(BaseHTTPRequestHandler):
    """Google on a real socket. What it was asked is kept."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[tuple[str, dict[str, str], Any]]] = []
    answer: ClassVar[tuple[int, bytes]] = (200, ANSWER)

    def do_POST(self) -> None:
        """Answers every question alike."""
        content = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.requests.append((self.path, headers, json.loads(content)))
        status, body = self.answer
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Its URL."""
    Google.requests.clear()
    Google.answer = (200, ANSWER)
    with ThreadingHTTPServer(("127.0.0.1", 0), Google) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads variables of its own; ours must win over them."""
    for name, value in {"GOOGLE_API_KEY": "other", "GOOGLE_CLOUD_PROJECT": "other", "GOOGLE_GENAI_USE_VERTEXAI": "1"}.items():
        monkeypatch.setenv(name, value)


def sent(
    account: Account, url: str | None, *, stream: bool = False, model: str = "gemini-3.5-flash", body: Body = BODY, **more: Any
) -> bytes:
    """The bytes that came back."""
    carrier = GoogleCarrier(account, url, **more)
    try:
        with carrier.send(body, model, stream=stream, timeout_s=4.2) as answer:
            return b"".join(answer.chunks)
    finally:
        carrier.close()


PLACE = "/v1beta1/projects/p/locations/europe-west4/publishers/google/models/gemini-3.5-flash"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("account", "path", "header"),
    [
        pytest.param(KEY, "/v1beta/models/gemini-3.5-flash", ("x-goog-api-key", "AIza-secret"), id="gemini"),
        pytest.param(PROJECT, PLACE, ("authorization", "Bearer ya29-secret"), id="vertex"),
        pytest.param(EXPRESS, "/v1beta1/publishers/google/models/gemini-3.5-flash", ("x-goog-api-key", "AQ-secret"), id="express"),
    ],
)
def test_a_request_goes_where_the_sdk_sends_it(server: str, account: Account, path: str, header: tuple[str, str], *, stream: bool) -> None:
    """Once, with one key or token, and the body as it was given."""
    answer = sent(account, server, stream=stream)
    ((asked, headers, body),) = Google.requests
    assert asked == path + (":streamGenerateContent?alt=sse" if stream else ":generateContent")
    assert body == BODY
    assert {name: headers[name] for name in ("x-goog-api-key", "authorization") if name in headers} == dict([header])
    assert headers["content-type"] == "application/json"
    assert headers["x-goog-api-client"].startswith("google-genai-sdk/")
    assert headers["x-server-timeout"] == "5"
    assert answer == ANSWER


def test_a_base_url_may_have_a_path(server: str) -> None:
    """As gateways have."""
    sent(KEY, f"{server}/gateway")
    assert Google.requests[0][0] == "/gateway/v1beta/models/gemini-3.5-flash:generateContent"


@pytest.mark.parametrize(
    ("account", "host"),
    [
        (KEY, "generativelanguage.googleapis.com"),
        (PROJECT, "europe-west4-aiplatform.googleapis.com"),
        (PROJECT._replace(location="global"), "aiplatform.googleapis.com"),
        (EXPRESS, "aiplatform.googleapis.com"),
    ],
)
def test_without_a_base_url_google_is_asked(account: Account, host: str) -> None:
    """Each place has its host."""
    hosts: list[str] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        hosts.append(request.url.host)
        return httpx2.Response(200)

    sent(account, None, transport=httpx2.MockTransport(handler))
    assert hosts == [host]


@pytest.mark.parametrize("model", ["models/gemini-x", "tunedModels/x", "scripted/x"])
def test_models_may_be_named_in_full(server: str, model: str) -> None:
    """As the SDK takes them."""
    sent(KEY, server, model=model)
    assert model in Google.requests[0][0]


@pytest.mark.parametrize(
    ("status", "body", "code", "retryable", "wait_s"),
    [
        pytest.param(503, {"error": {"code": 503, "status": "UNAVAILABLE"}}, "provider_unavailable", True, None, id="503"),
        pytest.param(500, [{"error": {"code": 500, "status": "INTERNAL"}}], "provider_unavailable", True, None, id="in-a-list"),
        pytest.param(
            429,
            {"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"@type": "t/google.rpc.RetryInfo", "retryDelay": "12.5s"}]}},
            "rate_limited",
            True,
            12.5,
            id="retry-info",
        ),
        pytest.param(
            429,
            {
                "error": {
                    "status": "RESOURCE_EXHAUSTED",
                    "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}],
                }
            },
            "quota_exhausted",
            False,
            None,
            id="daily-quota",
        ),
        pytest.param(402, {"error": {"code": 402}}, "quota_exhausted", False, None, id="402"),
        pytest.param(400, {"error": {"status": "INVALID_ARGUMENT"}}, "invalid_request", False, None, id="400"),
        pytest.param(
            400,
            {"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}},
            "authentication_failed",
            False,
            None,
            id="key",
        ),
        pytest.param(403, {"error": {"status": "PERMISSION_DENIED"}}, "permission_denied", False, None, id="403"),
        pytest.param(404, "<html>", "model_not_found", False, None, id="404"),
    ],
)
def test_failures_are_typed(server: str, status: int, body: Any, code: str, retryable: bool, wait_s: float | None) -> None:  # noqa: FBT001 - a parameter of the test
    """And asked once: retries are one layer above."""
    Google.answer = (status, json.dumps(body).encode() if body != "<html>" else b"<html>")
    with pytest.raises(ModelError) as caught:
        sent(KEY, server, stream=True)
    error = caught.value
    assert (error.code, error.retryable, error.retry_after_s, error.status) == (code, retryable, wait_s, status)
    assert len(Google.requests) == 1


def test_a_redirect_is_no_answer(server: str) -> None:
    """A key goes to no other host."""
    Google.answer = (302, b"")
    with pytest.raises(ModelRefused):
        sent(KEY, server)


def test_a_provider_that_is_not_there_is_unreachable() -> None:
    """A refused connection may be accepted later."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ModelUnavailable) as caught:
        sent(KEY, f"http://127.0.0.1:{port}")
    assert caught.value.code == "provider_unreachable"


@pytest.mark.parametrize("error", [httpx2.ReadTimeout("slow"), httpx2.ConnectTimeout("slow")])
def test_a_provider_that_is_slow_is_timed_out(error: Exception) -> None:
    """With what is left of the call's time."""
    timeouts: list[dict[str, float]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        timeouts.append(request.extensions["timeout"])
        raise error

    with pytest.raises(ModelUnavailable) as caught:
        sent(KEY, None, transport=httpx2.MockTransport(handler))
    assert caught.value.code == "provider_timeout"
    assert timeouts == [{"connect": 2.0, "read": 4.2, "write": 4.2, "pool": 4.2}]


@pytest.mark.parametrize("model", ["", "../x", "x?key=1"])
def test_a_name_that_would_leave_its_path_is_refused(server: str, model: str) -> None:
    """By the SDK, before anything is sent."""
    with pytest.raises(ModelRefused) as caught:
        sent(KEY, server, model=model)
    assert (caught.value.code, Google.requests) == ("invalid_request", [])


@pytest.mark.parametrize("account", [Account(api_key=None), Account(vertex=True, api_key="k", token="t")])
def test_an_account_that_the_sdk_does_not_take_is_refused(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to set."""
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(ModelRefused) as caught:
        GoogleCarrier(account, None)
    assert "GEMINI_API_KEY" in caught.value.message


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (DefaultCredentialsError("none"), "authentication_failed", False),
        (RefreshError("revoked"), "authentication_failed", False),
        (TransportError("down"), "provider_unreachable", True),
    ],
)
def test_credentials_that_cannot_be_had_are_told(
    error: Exception,
    code: str,
    retryable: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Application default credentials are looked for when the first call needs them."""

    def default(**_: Any) -> Any:
        raise error

    monkeypatch.setattr("google.auth.default", default)
    with pytest.raises(ModelError) as caught:
        sent(PROJECT._replace(token=None), "http://127.0.0.1:9")
    assert (caught.value.code, caught.value.retryable) == (code, retryable)


def test_connections_are_kept_and_closed(server: str) -> None:
    """A closed carrier sends no more."""
    carrier = GoogleCarrier(KEY, server)
    carrier.close()
    with pytest.raises(RuntimeError), carrier.send(BODY, "m", stream=False, timeout_s=1):
        pass
