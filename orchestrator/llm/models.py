"""All models of all providers, by their names."""

import threading
from collections.abc import Mapping
from contextlib import suppress

from orchestrator.llm.adapter import Adapter
from orchestrator.llm.errors import ModelError, ModelRefused
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest
from orchestrator.llm.provider import Access, Provider
from orchestrator.llm.records import PROVIDERS, named, of_others, unknown
from orchestrator.llm.resuming import Resuming
from orchestrator.llm.wire import Carrier


class Models:
    """A ChatModel that passes each request to its provider. A provider is connected to when it is first asked."""

    def __init__(self, access: Access, connections: int, providers: Mapping[str, Provider] = PROVIDERS) -> None:
        """`connections`: to each provider, at most."""
        self._access = access
        self._connections = connections
        self._providers = providers
        self._adapters: dict[str, Adapter] = {}
        self._lock = threading.Lock()

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """Makes the model call once. Raises ModelError."""
        name = named(request.model)
        if of_others(self._access) and (problem := unknown(request.model)):
            raise ModelRefused("provider_not_configured", problem, retryable=False)
        provider = self._providers[name.provider]
        adapter = self._adapter(provider)
        model = adapter if provider.resumed is None else Resuming(adapter, provider.name, provider.resumed)
        return model.complete(request.model_copy(update={"model": name.model}), listener)

    def prepare(self, model: str) -> None:
        """Connects to the model's provider, so that no run waits until its SDK is loaded, which takes seconds. Where that fails,
        the run that asks for it is told."""
        with suppress(ModelError):
            self._adapter(self._providers[named(model).provider])

    def close(self) -> None:
        """Closes all connections."""
        for adapter in self._adapters.values():
            adapter.close()

    def _adapter(self, provider: Provider) -> Adapter:
        with self._lock:
            if provider.name not in self._adapters:
                self._adapters[provider.name] = Adapter(provider, provider.wire(), self._connected(provider))
            return self._adapters[provider.name]

    def _connected(self, provider: Provider) -> Carrier:
        try:
            if problem := provider.problem(self._access):
                raise ModelRefused("provider_not_configured", problem, retryable=False)
            return provider.connect(self._access, self._connections)
        except ModelError as error:
            error.provider = provider.name
            raise
