"""The anthropic SDK: Anthropic itself and every server that speaks /v1/messages."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import anthropic
import httpx2

from orchestrator.llm import failures
from orchestrator.llm.carriers import network
from orchestrator.llm.errors import ModelError, ModelRefused, ModelUnavailable
from orchestrator.llm.wire import Answer, Body

_BINDING: Final = "thinking-binding-controls-2026-08-01"
#: Local servers take any key. Without one the SDK would look for its own credentials on this machine.
_NO_KEY: Final = "none"


class AnthropicCarrier:
    """A Carrier. It sends each request once; the SDK's own retries are off, and so are its spans, which may hold prompts."""

    def __init__(
        self,
        base_url: str | None,
        api_key: str | None,
        auth_token: str | None = None,
        *,
        max_connections: int = 64,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`api_key` wins over `auth_token`: the SDK takes one."""
        key, token = (api_key or "").strip(), (auth_token or "").strip()
        self._client = anthropic.Anthropic(
            base_url=base_url,
            api_key=key or (None if token else _NO_KEY),
            auth_token=None if key else token or None,
            max_retries=0,
            http_client=anthropic.DefaultHttpxClient(limits=network.limits(max_connections), transport=transport),
            open_telemetry=False,
        )

    @contextmanager
    def send(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> Generator[Answer]:
        del model  # It stands in the body. The SDK would warn of old ones, whom users still may ask.
        asked = {**body, "stream": True} if stream else body
        with network.answer(lambda: self._post(asked, network.timeout(timeout_s)), _told) as answer:
            yield answer

    def _post(self, body: Body, timeout: httpx2.Timeout) -> AbstractContextManager[anthropic.APIResponse[Any]]:
        # extra_body replaces what is named before it, and is sent as it is.
        return self._client.messages.with_streaming_response.create(
            model="", max_tokens=1, messages=[], extra_headers=_betas(body), extra_body=body, timeout=timeout
        )

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _betas(body: Body) -> dict[str, str]:
    """What the body uses before it is generally available must be named in a header."""
    thinking = body.get("thinking")
    return {"anthropic-beta": _BINDING} if isinstance(thinking, dict) and "block_binding" in thinking else {}


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except anthropic.AnthropicError as error:
        raise _failure(error) from None


def _failure(error: anthropic.AnthropicError) -> ModelError:
    """The SDK's exception as ours."""
    match error:
        case anthropic.APITimeoutError():
            return ModelUnavailable(*failures.TIMED_OUT, retryable=True)
        case anthropic.APIConnectionError():
            return ModelUnavailable(*failures.UNREACHABLE, retryable=True)
        case anthropic.APIStatusError():
            return failures.of_status(error.status_code, error.body, error.response.headers)
        case _:
            return ModelRefused("model_misconfigured", "The model provider's client is not set up.", retryable=False)
