"""One provider's models: a wire and a carrier put together."""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Final

from orchestrator.llm import failures, final_answer, policy, prices, sse, wrapped
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelUnavailable
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest
from orchestrator.llm.provider import Provider
from orchestrator.llm.wire import Answer, Carrier, DoubtfulStream, Target, Wire

#: The largest answer that is read; a model's longest output is a few hundred kilobytes.
_MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
#: In a stream each token comes in an envelope of some hundred bytes.
_MAX_STREAM_BYTES: Final = 8 * _MAX_ANSWER_BYTES


class Adapter:
    """A ChatModel. It makes each call once; `Retrying` adds the retries."""

    def __init__(self, provider: Provider, wire: Wire, carrier: Carrier) -> None:
        self._provider = provider
        self._wire = wire
        self._carrier = carrier

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """Makes the model call once. Raises ModelError, and IllegalTranscript before anything is sent."""
        capabilities = self._provider.of_model(request.model)
        fitted, warnings = policy.fit(request, capabilities)
        try:
            reply = self._asked(fitted, Target(self._provider.name, request.model, capabilities), listener)
        except ModelError as error:
            raise failures.told_of(error, self._provider, capabilities) from None
        return final_answer.taken(wrapped.unpacked(reply), request, fitted).model_copy(
            update={
                "provider": self._provider.name,
                "warnings": warnings,
                "usage": prices.priced(reply.usage, self._provider.prices, request.model, reply.model),
            }
        )

    def close(self) -> None:
        """Closes the connections."""
        self._carrier.close()

    def _asked(self, request: ModelRequest, target: Target, listener: Listener) -> ModelReply:
        """The reply, as a stream where that was asked for, can be had and leaves no doubt."""
        ends_at = time.monotonic() + request.timeout_s
        if request.stream and target.capabilities.streams:
            with suppress(DoubtfulStream):
                return self._streamed(request, target, listener, ends_at)
        reply = self._whole(request.model_copy(update={"stream": False}), target, listener, ends_at)
        if request.stream and reply.content:
            listener.text(reply.content)
        return reply

    def _whole(self, request: ModelRequest, target: Target, listener: Listener, ends_at: float) -> ModelReply:
        with self._sent(request, target, listener, ends_at) as answer:
            body = b"".join(_guarded(answer.chunks, ends_at, _MAX_ANSWER_BYTES))
        return self._wire.decode(body, answer.request_id)

    def _streamed(self, request: ModelRequest, target: Target, listener: Listener, ends_at: float) -> ModelReply:
        """The reply of a stream, or of the whole answer that some servers give in its place."""
        with self._sent(request, target, listener, ends_at) as answer:
            chunks = _guarded(answer.chunks, ends_at, _MAX_STREAM_BYTES)
            first = next((chunk for chunk in chunks if chunk.strip()), b"")
            if first.lstrip().startswith(b"{"):
                return self._wire.decode(first + b"".join(chunks), answer.request_id)
            assembly = self._wire.assembly()
            for event in sse.events(chain((first,), chunks)):
                if delta := assembly.feed(event):
                    listener.text(delta)
            return assembly.reply(answer.request_id)

    @contextmanager
    def _sent(self, request: ModelRequest, target: Target, listener: Listener, ends_at: float) -> Generator[Answer]:
        body = self._wire.body(request, target)
        self._wire.check(body)
        listener.begin()
        left_s = max(ends_at - time.monotonic(), 0.0)
        with self._carrier.send(body, target.model, stream=request.stream, timeout_s=left_s) as answer:
            yield answer


def _guarded(chunks: Iterable[bytes], ends_at: float, max_bytes: int) -> Iterator[bytes]:
    """The chunks, as long as there is time and they are not too many. HTTP timeouts count from byte to byte, and gateways
    send blanks to keep a connection alive, so the time of the call is watched here. Only a connection that falls silent
    within an answer may hold the call longer, for up to its time once more."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise ModelProtocolError("provider_protocol", "The model provider's answer is too large to be read.", retryable=False)
        if time.monotonic() > ends_at:
            raise ModelUnavailable(*failures.TIMED_OUT, retryable=True)
        yield chunk
