"""The providers, all at one scripted model, and a program that asks a Toolchord which asks them."""

import json
from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx2
from starlette.testclient import TestClient

from orchestrator.client import Toolchord
from orchestrator.engine import Engine
from orchestrator.llm.model import ModelReply, ModelRequest
from orchestrator.llm.models import Models
from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.retry import Retrying
from orchestrator.llm.scripted import ReceivedRequest, Reply, Script, ScriptedModel
from orchestrator.messages import UserMessage
from orchestrator.turns import Turns


class Providers:
    """Whichever provider is asked: one server speaks its format, and refuses what the provider would refuse."""

    def __init__(self, script: Script) -> None:
        self._server = ScriptedModel(script)

    def __enter__(self) -> Self:
        self._server.__enter__()
        access = {name: value for provider in PROVIDERS.values() for name, value in provider.at(self._server.url).items()}
        self.models = Models(access, 2)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.models.close()
        self._server.__exit__(kind, error, trace)

    def ask(self, name: str, request: ModelRequest) -> ModelReply:
        """The reply to the request, in which the user's last words then begin with the name."""
        messages = list(request.messages)
        last, said = next((index, each) for index, each in reversed([*enumerate(messages)]) if isinstance(each, UserMessage))
        messages[last] = said.model_copy(update={"content": f"{name}: {said.content}"})
        return self.models.complete(request.model_copy(update={"messages": tuple(messages)}))

    def received(self, name: str) -> list[ReceivedRequest]:
        """The requests of this name."""
        return [each for each in self._server.requests if f"{name}:" in json.dumps(each.body)]


class _Door(httpx2.BaseTransport):
    """The way to the API, at whose end a coordinator advances each run at once."""

    def __init__(self, api: TestClient, advance: Callable[[str], None]) -> None:
        self._api = api
        self._advance = advance

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = {name: request.headers[name] for name in ("Idempotency-Key", "Content-Type")}
        started = self._api.post(request.url.path, content=request.read(), headers=headers)
        if started.is_success:
            self._advance(started.json()["id"])
            started = self._api.get(f"/v1/runs/{started.json()['id']}")
        return httpx2.Response(started.status_code, content=started.content)


class Client:
    """Gives programs a Toolchord."""

    def __init__(self, engine: Engine, api: TestClient) -> None:
        self._engine = engine
        self._api = api

    def asking(self, *replies: Reply) -> "_Program":
        """One whose models reply so, in the format of their provider."""
        return _Program(self._engine, self._api, Providers(Script.of(*replies)))


class _Program:
    """While it is open, its Toolchord is there."""

    def __init__(self, engine: Engine, api: TestClient, providers: Providers) -> None:
        self._engine = engine
        self._api = api
        self._providers = providers

    def __enter__(self) -> Toolchord:
        models = self._providers.__enter__().models
        engine = self._engine
        turns = Turns(
            engine.database,
            Retrying(models),
            engine.dispatcher,
            engine.grants,
            engine.closer,
            model_timeout_s=10,
            max_calls_per_turn=100,
        )
        return Toolchord("http://127.0.0.1:1", transport=_Door(self._api, turns.advance))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._providers.__exit__(kind, error, trace)
