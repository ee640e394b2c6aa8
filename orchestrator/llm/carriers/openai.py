"""The openai SDK: OpenAI itself and every server that speaks its chat completions or its Responses."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Literal

import httpx2
import openai

from orchestrator.llm import failures
from orchestrator.llm.carriers import network
from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.wire import Answer, Body

#: Local servers take any key; the SDK insists on one.
_NO_KEY: Final = "none"

#: What the body is sent to: `/chat/completions` or `/responses`.
Api = Literal["chat", "responses"]
#: A key, or what gives a fresh one for each request.
Key = str | Callable[[], str]


def openai_client(
    base_url: str | None, key: Key | None, *, max_connections: int = 64, transport: httpx2.BaseTransport | None = None
) -> openai.OpenAI:
    """A client of the server at the URL, by default OpenAI's own."""
    usable = key.strip() if isinstance(key, str) else key
    return openai.OpenAI(base_url=base_url, api_key=usable or _NO_KEY, max_retries=0, http_client=http_client(max_connections, transport))


def http_client(max_connections: int, transport: httpx2.BaseTransport | None = None) -> httpx2.Client:
    """The SDK's own client, with connections that are kept."""
    return openai.DefaultHttpx2Client(limits=network.limits(max_connections), transport=transport)


class OpenAICarrier:
    """A Carrier. It sends each request once; the SDK's own retries are off."""

    def __init__(self, client: openai.OpenAI, api: Api = "chat") -> None:
        self._client = client
        self._api: Api = api

    @contextmanager
    def send(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> Generator[Answer]:
        asked = {**body, "stream": True} if stream else body
        with network.answer(lambda: self._post(asked, model, network.timeout(timeout_s)), _told) as answer:
            yield answer

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _post(self, body: Body, model: str, timeout: httpx2.Timeout) -> AbstractContextManager[openai.APIResponse[Any]]:
        # extra_body is sent as it is, while the SDK would walk through typed messages field by field.
        if self._api == "responses":
            return self._client.responses.with_streaming_response.create(model=model, input=[], extra_body=body, timeout=timeout)
        return self._client.chat.completions.with_streaming_response.create(model=model, messages=[], extra_body=body, timeout=timeout)


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except openai.OpenAIError as error:
        raise _failure(error) from None


def _failure(error: openai.OpenAIError) -> ModelError:
    """The SDK's exception as ours."""
    match error:
        case openai.APITimeoutError():
            return ModelUnavailable(*failures.TIMED_OUT, retryable=True)
        case openai.APIConnectionError():
            return ModelUnavailable(*failures.UNREACHABLE, retryable=True)
        case openai.APIStatusError():
            return failures.of_status(error.status_code, error.body, error.response.headers)
        case _:
            return ModelRefused("model_misconfigured", "The model provider's client is not set up.", retryable=False)
