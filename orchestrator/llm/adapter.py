"""One provider's models: a wire and a carrier put together."""

import time
from collections.abc import Iterable
from typing import Final

from orchestrator.llm import failures, policy
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelUnavailable
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest
from orchestrator.llm.provider import Provider
from orchestrator.llm.wire import Body, Carrier, Target, Wire

#: The largest answer that is read; a model's longest output is a few hundred kilobytes.
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024


class Adapter:
    """A ChatModel. It makes each call once; `Retrying` adds the retries."""

    def __init__(self, provider: Provider, wire: Wire, carrier: Carrier) -> None:
        self._provider = provider
        self._wire = wire
        self._carrier = carrier

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """Makes the model call once. Raises ModelError, and IllegalTranscript before anything is sent."""
        model = request.model
        capabilities = self._provider.of_model(model)
        fitted, warnings = policy.fit(request, capabilities)
        body = self._wire.body(fitted, Target(self._provider.name, model, capabilities))
        self._wire.check(body)
        listener.begin()
        try:
            reply = self._whole(body, model, request.timeout_s)
        except ModelError as error:
            error.provider = self._provider.name
            raise
        return reply.model_copy(update={"provider": self._provider.name, "warnings": warnings})

    def close(self) -> None:
        """Closes the connections."""
        self._carrier.close()

    def _whole(self, body: Body, model: str, timeout_s: float) -> ModelReply:
        ends_at = time.monotonic() + timeout_s
        with self._carrier.send(body, model, stream=False, timeout_s=timeout_s) as answer:
            content, request_id = _read(answer.chunks, ends_at), answer.request_id
        return self._wire.decode(content, request_id)


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
            raise ModelUnavailable(*failures.TIMED_OUT, retryable=True)
    return bytes(body)
