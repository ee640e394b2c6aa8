"""Whether a conversation is legal for a provider: by our own check, by the scripted model's, and by what the provider reads in it;
and models that answer in their provider's form without a network."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Final, NamedTuple

from orchestrator import chat
from orchestrator.llm import policy
from orchestrator.llm.adapter import Adapter
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest, ToolOffer
from orchestrator.llm.provider import Provider
from orchestrator.llm.providers.anthropic import ANTHROPIC
from orchestrator.llm.providers.google import GOOGLE
from orchestrator.llm.providers.openai import OPENAI_RESPONSES
from orchestrator.llm.providers.openrouter import OPENROUTER
from orchestrator.llm.records import PROVIDERS, named
from orchestrator.llm.resuming import Resuming
from orchestrator.llm.scripted.completion import Completion
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest
from orchestrator.llm.scripted.script import Reply
from orchestrator.llm.scripted.transcript import standing
from orchestrator.llm.scripted.wires.azure import Azure
from orchestrator.llm.scripted.wires.base import Wire, encoded
from orchestrator.llm.scripted.wires.chat import Chat
from orchestrator.llm.scripted.wires.gemini import Gemini
from orchestrator.llm.scripted.wires.messages import Messages
from orchestrator.llm.scripted.wires.openrouter import OpenRouter
from orchestrator.llm.scripted.wires.responses import Responses
from orchestrator.llm.untrusted import mapping, mappings
from orchestrator.llm.wire import Answer, Body, Target
from orchestrator.llm.wires.gemini.wire import GeminiWire
from orchestrator.llm.wires.messages.wire import MessagesWire
from orchestrator.llm.wires.responses.wire import ResponsesWire
from orchestrator.messages import AssistantMessage, Message, ToolMessage, UserMessage, text_of

#: A model of each provider, and some that are exceptions.
MODELS: Final = (
    *(provider.example for provider in PROVIDERS.values()),
    "google/gemini-2.5-flash",
    "anthropic/claude-sonnet-4-5",
    "anthropic/claude-3-haiku",
    "openai/o3",
)
#: One for each form in which a model's thoughts are signed, and come back to it.
SIGNING: Final = (OPENROUTER.example, OPENAI_RESPONSES.example, ANTHROPIC.example, GOOGLE.example)
#: OpenAI refuses longer ids of calls.
_LONGEST_ID: Final = 40
_CHATS: Final = {"azure": Azure(), "openrouter": OpenRouter()}
_MORE: Final = UserMessage(content="And then?")


class Exchange(NamedTuple):
    """The calls of one turn, each with its answer."""

    calls: tuple[str, ...]
    answers: tuple[str, ...]
    in_order: bool


def check_everywhere(messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> None:
    """Raises unless each provider takes the conversation, and reads in it what it holds, when the user goes on in it with a model
    of that provider."""
    for model in MODELS:
        check(ModelRequest(model=model, messages=(*messages, _MORE), tools=tuple(tools), timeout_s=1))


def check(request: ModelRequest) -> None:
    """Raises unless the provider of the request's model takes it, and reads in it what it holds."""
    provider, model = _asked(request)
    body = sent(request)
    if isinstance(provider.wire(), GeminiWire):
        _check_signatures(request.messages, provider, json.dumps(body))
    _compare(_said(request.messages), _read(_server(provider).read(body, _place(model, stream=False)), provider))


def sent(request: ModelRequest) -> Body:
    """What goes to the provider of the request's model, checked by ourselves."""
    provider, model = _asked(request)
    capabilities = provider.of_model(model)
    wire = provider.wire()
    whole = request.model_copy(update={"stream": False})
    body = wire.body(policy.fit(whole, capabilities)[0], Target(provider.name, model, capabilities))
    wire.check(body)
    return body


def answer(model: str, question: Message, reply: Reply) -> bytes:
    """The reply in the form of the model's provider."""
    request = ModelRequest(model=model, messages=(question,), timeout_s=1)
    provider, name = _asked(request)
    with Loopback(provider, reply).send(sent(request), name, stream=False, timeout_s=1) as given:
        return b"".join(given.chunks)


def read(model: str, body: bytes) -> ModelReply:
    """What the wire of the model's provider reads in an answer. Raises ModelError."""
    return PROVIDERS[named(model).provider].wire().decode(body, None)


def _asked(request: ModelRequest) -> tuple[Provider, str]:
    name = named(request.model)
    return PROVIDERS[name.provider], name.model


def _server(provider: Provider) -> Wire:
    """What stands at the provider's end."""
    match provider.wire():
        case ResponsesWire():
            return Responses()
        case MessagesWire():
            return Messages()
        case GeminiWire():
            return Gemini()
        case _:
            return _CHATS.get(provider.name, Chat())


def _place(model: str, *, stream: bool) -> dict[str, str]:
    """The path, where it says something."""
    return {"resource": f"models/{model}", "verb": "streamGenerateContent" if stream else "generateContent"}


def _check_signatures(messages: Sequence[Message], provider: Provider, body: str) -> None:
    """Gemini's calls come back with their signatures, as long as they are calls that it takes. It would also take a dummy."""
    raws = [message.raw_of(provider.name) for message in messages if isinstance(message, AssistantMessage)]
    for part in (part for raw in raws for part in mappings(mapping(raw).get("parts"))):
        called, signature = mapping(part.get("functionCall")), part.get("thoughtSignature")
        if signature and called.get("name") in {"get_weather", "lookup"} and isinstance(called.get("args"), Mapping) and called.get("id"):
            assert signature in body, "signatures come back"


def _compare(said: Sequence[Exchange], read: Sequence[Exchange]) -> None:
    assert [each.calls for each in read] == [each.calls for each in said], "each turn with its calls"
    for ours, theirs in zip(said, read, strict=True):
        assert all(map(_same, ours.answers, theirs.answers)), "each call with its own answer"
        assert theirs.in_order or not ours.in_order, "in the order of the calls"


def _same(ours: str, theirs: str) -> bool:
    """Blank parts may be left out, and JSON may be written anew."""
    return "".join(ours.split()) == "".join(theirs.split()) or (ours[:1] == "{" and json.loads(ours) == json.loads(theirs))


def _said(messages: Sequence[Message]) -> list[Exchange]:
    """What our form holds."""
    said: list[Exchange] = []
    for at, message in enumerate(messages):
        if isinstance(message, AssistantMessage) and message.calls:
            results = [each for each in messages[at + 1 : at + 1 + len(message.calls)] if isinstance(each, ToolMessage)]
            answers = {each.tool_call_id: text_of(each.content) for each in results}
            ids = [call.id for call in message.calls]
            names = tuple(_name(call.name) for call in message.calls)
            said.append(Exchange(names, tuple(answers[each] for each in ids), list(answers) == ids))
    return said


def _read(request: ChatRequest, provider: Provider) -> list[Exchange]:
    """What the provider reads. Its ids must tell all calls apart, but for Gemini's, which are its own or none."""
    ids = [call.id for message in request.messages for call in message.calls]
    if not isinstance(provider.wire(), GeminiWire):
        assert len(set(ids)) == len(ids), "each call has an id of its own"
    if not isinstance(provider.wire(), MessagesWire | GeminiWire):
        assert all(0 < len(each) <= _LONGEST_ID for each in ids), "ids are not too long"
    return [_exchange(message, results) for message, results in _with_results(request.messages) if message.calls]


def _with_results(messages: Sequence[ChatMessage]) -> Generator[tuple[ChatMessage, list[ChatMessage]]]:
    last: ChatMessage | None = None
    for is_result, group in groupby(messages, key=lambda message: message.role == "tool"):
        found = list(group)
        if is_result:
            assert last is not None
            yield last, found
        else:
            last = found[-1]


def _exchange(message: ChatMessage, results: Sequence[ChatMessage]) -> Exchange:
    ids = [call.id for call in message.calls]
    answered = [result.tool_call_id for result in results]
    assert sorted(ids) == sorted(map(str, answered)), "one answer for each call"
    in_order = answered == ids
    answers = {result.tool_call_id: result.text for result in results}
    texts = [result.text for result in results] if in_order else [answers[each] for each in ids]
    return Exchange(tuple(_name(call.function.name) for call in message.calls), tuple(texts), in_order)


def _name(name: str) -> str:
    """Gemini takes some names that others do not, and others not."""
    return chat.call("", name, "").name.lstrip("_")


class Loopback:
    """A Carrier to the scripted model: it refuses what the provider would, and gives this reply in the provider's form."""

    def __init__(self, provider: Provider, reply: Reply) -> None:
        self._server = _server(provider)
        self._reply = reply

    @contextmanager
    def send(self, body: Body, model: str, *, stream: bool, timeout_s: float) -> Generator[Answer]:
        del timeout_s
        request = self._server.read({**body, "stream": True} if stream and "contents" not in body else body, _place(model, stream=stream))
        completion = Completion(request, standing(request.messages), self._reply)
        yield Answer(self._server.events(completion) if stream else [encoded(self._server.body(completion))], None)

    def close(self) -> None:
        """Nothing is open."""


def ask(request: ModelRequest, reply: Reply, listener: Listener = SILENCE) -> ModelReply:
    """What the request's model answers when it says this. Raises unless its provider takes the request, and reads in it what it
    holds."""
    check(request)
    provider, model = _asked(request)
    adapter = Adapter(provider, provider.wire(), Loopback(provider, reply))
    whole = adapter if provider.resumed is None else Resuming(adapter, provider.name, provider.resumed)
    return whole.complete(request.model_copy(update={"model": model}), listener)
