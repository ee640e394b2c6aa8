"""Requests in the providers' formats, read, checked and answered as their providers do, and by none of our wires."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from orchestrator.llm.scripted import Reply
from orchestrator.llm.scripted.checks import chat, gemini, messages, openrouter, responses
from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.forms.gemini import GeminiRequest
from orchestrator.llm.scripted.forms.messages import MessagesRequest
from orchestrator.llm.scripted.forms.responses import ResponsesRequest
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest
from orchestrator.llm.scripted.transcript import standing
from orchestrator.llm.scripted.wires.base import Wire, encoded
from orchestrator.llm.scripted.wires.chat import Chat
from orchestrator.llm.scripted.wires.gemini import Gemini
from orchestrator.llm.scripted.wires.messages import Messages
from orchestrator.llm.scripted.wires.openrouter import OpenRouter
from orchestrator.llm.scripted.wires.responses import Responses
from tests.replay import Interaction, operation

_STREAMED: Final = "streamGenerateContent"
_MODEL: Final = re.compile(r"/(?:models?|deployments)/([^/:%]+)")


class Request(NamedTuple):
    """A request, recorded or received."""

    path: str
    body: Any

    @property
    def model(self) -> str:
        """The body's, or the path's."""
        found = _MODEL.search(self.path)
        return self.body.get("model") or (found[1] if found else "model")

    @property
    def is_streamed(self) -> bool:
        return operation(self.path) == _STREAMED or self.body.get("stream") is True

    def read(self) -> ChatRequest:
        """The request in one form for all formats, also where it is not legal."""
        return _read(self)

    def check(self) -> None:
        """Raises RequestError for what the provider refuses."""
        _check(self)

    def answered(self, text: str) -> Interaction:
        """An answer of this text, streamed where that is asked for."""
        asked = ChatRequest(model=self.model, messages=(ChatMessage(role="user", content=""),), stream=self.is_streamed)
        completion, wire = Completion(asked, standing(asked.messages), Reply(content=text)), _WIRES[_kind(self.path)]
        body = b"".join(wire.events(completion)) if self.is_streamed else encoded(wire.body(completion))
        kind = "text/event-stream" if self.is_streamed else "application/json"
        return Interaction("POST", self.path, None, 200, {"content-type": kind}, body)


def _kind(path: str) -> Literal["gemini", "messages", "responses", "openrouter", "chat"]:
    match operation(path):
        case "generateContent" | "streamGenerateContent":
            return "gemini"
        case "messages" | "invoke":
            return "messages"
        case "responses":
            return "responses"
        case _:
            return "openrouter" if path.startswith("/api/v1/") else "chat"


def _read(request: Request) -> ChatRequest:
    match _kind(request.path):
        case "gemini":
            return GeminiRequest.model_validate(request.body).chat(request.model, stream=request.is_streamed)
        case "messages":
            return MessagesRequest.model_validate({**request.body, "model": request.model}).chat()
        case "responses":
            return ResponsesRequest.model_validate(request.body).chat()
        case "openrouter" | "chat":
            return ChatRequest.model_validate({**request.body, "model": request.model})


def _check(request: Request) -> object:
    match _kind(request.path):
        case "gemini":
            return gemini.check(request.body, model=request.model)
        case "messages":
            return messages.check(request.body)
        case "responses":
            return responses.check(request.body)
        case "openrouter":
            return openrouter.check(request.body)
        case "chat":
            return chat.check(request.body)


_WIRES: Final[Mapping[str, Wire]] = {
    "gemini": Gemini(),
    "messages": Messages(),
    "responses": Responses(),
    "openrouter": OpenRouter(),
    "chat": Chat(),
}
