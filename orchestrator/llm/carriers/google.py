"""The google-genai SDK: the Gemini API and Vertex AI.

The SDK decides where a request goes and who asks: URL, version, project and place, key or token, headers. But it reads answers into
its own types, which know fewer fields than the API sends, and has no way to the bytes of a stream. So it is given an HTTP client that
sends nothing and hands back the request as the SDK wrote it; what sends the request is a client of ours. Both are public: any httpx2
client may be passed to the SDK (`HttpOptions.httpx_client`), and any transport to a client."""

import json
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, NamedTuple

import google.auth.exceptions
import httpx2
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

from orchestrator.llm import failures
from orchestrator.llm.carriers import network
from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.wire import Answer, Body

#: The SDK insists on contents; those of the body take their place.
_NO_CONTENTS: Final = "-"


class Account(NamedTuple):
    """Who asks. On Vertex AI, either an `api_key` or a `project` at a `location`, with a `token` or, without one, the application
    default credentials."""

    vertex: bool = False
    api_key: str | None = None
    project: str | None = None
    location: str | None = None
    token: str | None = None


class _Written(Exception):
    """A request that the SDK wrote."""

    def __init__(self, request: httpx2.Request) -> None:
        super().__init__()
        self.request = request


class _Desk(httpx2.BaseTransport):
    """Where requests are written and not sent."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        raise _Written(request)


class GoogleCarrier:
    """A Carrier. It sends each request once; the SDK retries only what it is told to."""

    def __init__(
        self, account: Account, base_url: str | None, *, max_connections: int = 64, transport: httpx2.BaseTransport | None = None
    ) -> None:
        """Raises ModelRefused where the SDK does not take the account."""
        try:
            self._sdk = genai.Client(
                vertexai=account.vertex,
                api_key=account.api_key,
                project=account.project,
                location=account.location,
                credentials=Credentials(account.token) if account.token else None,  # pyright: ignore[reportUnknownArgumentType] - untyped
                http_options=types.HttpOptions(
                    base_url=base_url,
                    api_version="v1beta1"
                    if account.vertex
                    else "v1beta",  # What is new comes there first: levels of thinking, JSON schemas.
                    httpx_client=httpx2.Client(transport=_Desk()),
                ),
            )
        except google.auth.exceptions.GoogleAuthError as error:
            raise _unauthorised(error) from None
        except ValueError:
            raise _misconfigured() from None
        self._client = httpx2.Client(limits=network.limits(max_connections), transport=transport)

    @contextmanager
    def send(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> Generator[Answer]:
        with network.answer(lambda: self._post(body, model, stream=stream, timeout_s=timeout_s), nullcontext) as answer:
            yield answer

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
        self._sdk.close()

    @contextmanager
    def _post(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> Generator[httpx2.Response]:
        response = self._client.send(self._written(body, model, stream=stream, timeout_s=timeout_s), stream=True)
        try:
            if not response.is_success:
                raise failures.of_status(response.status_code, _error(response.read()), response.headers)
            yield response
        finally:
            response.close()

    def _written(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> httpx2.Request:
        """The request as the SDK writes it. With a token, that may take a call to Google's token server."""
        options = types.HttpOptions(extra_body=body, timeout=max(int(timeout_s * 1000), 1))
        config = types.GenerateContentConfig(http_options=options)
        try:
            if stream:
                next(self._sdk.models.generate_content_stream(model=model, contents=_NO_CONTENTS, config=config))
            else:
                self._sdk.models.generate_content(model=model, contents=_NO_CONTENTS, config=config)
        except _Written as written:
            request = written.request
        except google.auth.exceptions.GoogleAuthError as error:
            raise _unauthorised(error) from None
        else:
            raise AssertionError("unreachable: the SDK sends each request to the desk")
        request.extensions["timeout"] = network.timeout(timeout_s).as_dict()
        return request


def _error(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _unauthorised(error: google.auth.exceptions.GoogleAuthError) -> ModelError:
    if isinstance(error, google.auth.exceptions.TransportError) or error.retryable:  # pyright: ignore[reportUnknownMemberType] - untyped
        return ModelUnavailable(*failures.UNREACHABLE, retryable=True)
    message = (
        "Google's application default credentials are missing or not accepted. Set GOOGLE_APPLICATION_CREDENTIALS to a key file, run "
        "`gcloud auth application-default login`, or set GOOGLE_VERTEX_ACCESS_TOKEN, where the coordinator runs."
    )
    return ModelRefused("authentication_failed", message, retryable=False)


def _misconfigured() -> ModelRefused:
    message = (
        "There is no access to Google's models. Set GEMINI_API_KEY, or for Vertex AI GOOGLE_CLOUD_PROJECT, where the coordinator runs."
    )
    return ModelRefused("provider_not_configured", message, retryable=False)
