"""Model calls through the openai SDK: OpenAI itself and every server that speaks chat completions."""

import ssl
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

import httpx2
import openai

from orchestrator.llm import completion, failures
from orchestrator.llm.errors import ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply, ModelRequest, tool_param

#: Seconds to wait for a connection: a provider that is up accepts one at once.
_CONNECT_TIMEOUT_S: Final = 2.0
#: The largest answer that is read; a model's longest output is a few hundred kilobytes.
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
#: What the engine decides, whatever the options say.
_RESERVED: Final = frozenset(
    {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "stream", "stream_options", "n"}
)
#: Local servers take any key; the SDK insists on one.
_NO_KEY: Final = "none"


class Answer(NamedTuple):
    """What the provider answered with a status of success."""

    body: bytes
    request_id: str | None


class OpenAIChat:
    """A ChatModel over HTTP. One for each process: its connections are kept and shared by all threads. It makes each
    call once; `Retrying` adds the retries."""

    def __init__(
        self, base_url: str | None, api_key: str | None, *, max_connections: int = 64, transport: httpx2.BaseTransport | None = None
    ) -> None:
        limits = httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=(api_key or "").strip() or _NO_KEY,
            max_retries=0,
            http_client=openai.DefaultHttpx2Client(limits=limits, transport=transport),
        )

    def complete(self, request: ModelRequest) -> ModelReply:
        """Makes the model call once. Raises ModelError."""
        try:
            answer = self._exchange(request)
        except openai.OpenAIError as error:
            raise failures.of_sdk(error) from None
        except httpx2.TimeoutException:
            raise _timed_out() from None
        except (httpx2.RequestError, ssl.SSLError):
            raise ModelUnavailable(*failures.UNREACHABLE, retryable=True) from None
        except (ValueError, RecursionError):
            raise _unsendable() from None
        return completion.decode(answer.body, answer.request_id)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _exchange(self, request: ModelRequest) -> Answer:
        ends_at = time.monotonic() + request.timeout_s
        timeout = httpx2.Timeout(request.timeout_s, connect=min(_CONNECT_TIMEOUT_S, request.timeout_s))
        create = self._client.chat.completions.with_streaming_response.create
        # extra_body is sent as it is, while the SDK would walk through typed messages field by field.
        with create(model=request.model, messages=[], extra_body=_body(request), timeout=timeout) as response:
            return Answer(_read(response.iter_bytes(), ends_at), failures.request_id(response.headers))


def _body(request: ModelRequest) -> dict[str, object]:
    body: dict[str, object] = {key: value for key, value in request.options.items() if key not in _RESERVED}
    body["messages"] = [dict(message) for message in request.messages]
    if not request.tools:  # Providers refuse both settings in a request without tools.
        return body
    body["tools"] = [tool_param(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = request.tool_choice
    if request.parallel_tool_calls is not None:  # Some models refuse even its default, so it is sent only when it was set.
        body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def _read(chunks: Iterable[bytes], ends_at: float) -> bytes:
    """The whole answer. HTTP timeouts count from byte to byte, and gateways send blanks to keep a connection alive, so
    the time of the call is watched here. Only a connection that falls silent within an answer may hold the call longer,
    for up to its time once more."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            raise ModelProtocolError("provider_protocol", "The model provider's answer is too large to be read.", retryable=False)
        if time.monotonic() > ends_at:
            raise _timed_out()
    return bytes(body)


def _timed_out() -> ModelUnavailable:
    return ModelUnavailable(*failures.TIMED_OUT, retryable=True)


def _unsendable() -> ModelRefused:
    """JSON and UTF-8 have no form for NaN, half a surrogate pair or endless nesting."""
    message = "The messages, tools or options hold a value that JSON cannot carry, such as NaN or half a surrogate pair. Remove it."
    return ModelRefused("invalid_request", message, retryable=False)
