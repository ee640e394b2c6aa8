"""Every provider through its own SDK, against the scripted model in its wire format and against recorded answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import chat
from orchestrator.llm.errors import ModelError, ModelRefused
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest, ToolOffer
from orchestrator.llm.models import Models
from orchestrator.llm.provider import Provider
from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.reply import judge
from orchestrator.llm.scripted import ErrorFault, Reply, Script, ScriptedCall, ScriptedModel, StreamStyle, TokenCounts
from orchestrator.messages import AssistantMessage, Message, RawTurn, ToolMessage, UserMessage
from tests.replay import CASSETTES, ReplayServer, interactions

CITIES = ("Tokyo", "Paris")
CALLS = tuple(ScriptedCall.of("get_weather", city=city) for city in CITIES)
WEATHER = ToolOffer(
    name="get_weather",
    description="Gets the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
QUESTION = UserMessage(content="Which is warmer?")
SAID = "They said: Tokyo is warm\nParis is warm"
ANSWER = Reply(content="They said: {tool_results}", usage=TokenCounts(prompt_tokens=9, completion_tokens=5, cached_tokens=4))
STYLES = {
    "documented": StreamStyle(),
    "index-0": StreamStyle(index="zero"),
    "no-index": StreamStyle(index="none"),
    "index-from-1": StreamStyle(index="from_one"),
    "ids-in-every-fragment": StreamStyle(ids="every"),
    "one-id": StreamStyle(ids="first_call"),
    "whole-arguments": StreamStyle(arguments="whole"),
    "null-arguments": StreamStyle(arguments="null"),
    "no-arguments-key": StreamStyle(arguments="missing"),
    "interleaved": StreamStyle(order="interleaved"),
    "interleaved-index-0": StreamStyle(order="interleaved", index="zero"),
    "fused": StreamStyle(order="fused"),
    "finish-twice": StreamStyle(finish="twice"),
    "finish-for-each-call": StreamStyle(finish="each_call", index="zero"),
}


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedModel]:
    """One server for all tests."""
    with ScriptedModel() as model:
        model.register("thinking", Script.of(Reply(reasoning="Two cities.", tool_calls=CALLS), ANSWER))
        for name, style in STYLES.items():
            model.register(name, Script.of(Reply(content="Let me see.", tool_calls=CALLS, stream=style), ANSWER))
        yield model


@pytest.fixture(scope="module")
def models(scripted: ScriptedModel) -> Iterator[Models]:
    """All providers at that server."""
    access = {name: value for provider in PROVIDERS.values() for name, value in provider.at(scripted.url).items()}
    models = Models(access, connections=4)
    yield models
    models.close()


def asked(models: Models, model: str, *messages: Message, stream: bool = False, listener: Listener = SILENCE) -> ModelReply:
    """The reply to these messages."""
    request = ModelRequest(model=model, messages=messages, tools=(WEATHER,), stream=stream, timeout_s=10)
    return models.complete(request, listener)


def turn(reply: ModelReply, number: int) -> tuple[Message, ...]:
    """The reply as it is kept, with the results of its calls."""
    verdict = judge(reply, {}, number, (), 8)
    calls = tuple(chat.call(call.tool_call_id, call.name, call.arguments) for call in verdict.calls)
    raw = RawTurn(provider=reply.provider, data=reply.raw) if reply.raw is not None else None
    results = zip(calls, CITIES, strict=True)
    answers = (ToolMessage(tool_call_id=call.id, name=call.name, content=f"{city} is warm") for call, city in results)
    return (AssistantMessage(content=reply.content, calls=calls, raw=raw), *answers)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("script", ["documented", "thinking"])
@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_calls_go_to_their_answer_and_back(models: Models, provider: str, script: str, stream: bool) -> None:  # noqa: FBT001 - a table.
    """The provider's own rules for the second request are checked by the server, thinking and signatures among them."""
    model = f"{provider}/scripted/{script}"
    first = asked(models, model, QUESTION, stream=stream)
    last = asked(models, model, QUESTION, *turn(first, 1), stream=stream)

    assert [chat.call("a", call.name, call.arguments).arguments.replace(" ", "") for call in first.calls] == [
        f'{{"city":"{city}"}}' for city in CITIES
    ]
    assert (last.content, last.calls, last.provider) == (SAID, (), provider)
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens) == (9, 5, 14)


@pytest.mark.parametrize("style", list(STYLES))
@pytest.mark.parametrize("provider", ["openai", "azure", "openrouter", "openai-compatible", "openai-responses"])
def test_calls_are_the_same_however_they_are_streamed(models: Models, provider: str, style: str) -> None:
    """What leaves a doubt is asked for again."""
    reply = asked(models, f"{provider}/scripted/{style}", QUESTION, stream=True)
    assert [(call.name, call.arguments.replace(" ", "")) for call in reply.calls] == [
        ("get_weather", f'{{"city":"{city}"}}') for city in CITIES
    ]


def test_azure_is_asked_in_its_older_style_where_a_version_is_named(scripted: ScriptedModel) -> None:
    """By deployment and version, with the key in a header of its own."""
    models = Models({**PROVIDERS["azure"].at(scripted.url), "OPENAI_API_VERSION": "2024-10-21"}, connections=1)
    reply = asked(models, "azure/scripted/documented", QUESTION)
    models.close()
    assert (len(reply.calls), scripted.requests[-1].path) == (2, "/openai/deployments/scripted/documented/chat/completions")


def test_an_account_without_credentials_is_refused(scripted: ScriptedModel) -> None:
    """With what to set."""
    models = Models({"AZURE_OPENAI_ENDPOINT": scripted.url}, connections=1)
    with pytest.raises(ModelRefused) as caught:
        asked(models, "azure/x", QUESTION)
    assert (caught.value.code in {"provider_not_configured", "model_misconfigured"}, caught.value.provider) == (True, "azure")


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_a_failure_names_its_provider(scripted: ScriptedModel, models: Models, provider: str) -> None:
    """And may be tried again where it may pass."""
    scripted.register("broken", Script.of(Reply(content="Hi", faults=(ErrorFault(status=503, times=None),))))
    with pytest.raises(ModelError) as caught:
        asked(models, f"{provider}/scripted/broken", QUESTION)
    assert (caught.value.provider, caught.value.retryable, caught.value.status) == (provider, True, 503)
    assert PROVIDERS[provider].title.lower() in caught.value.message.lower()


RECORDED = {
    "openai": (
        "openai/otel_chat_parallel_with_results.yaml",
        "openai/otel_chat_stream_parallel.yaml",
        "openai/pydantic-ai_chat_stream_parallel_noargs.yaml",
        "openai/pydantic-ai_chat_parallel_hitl.yaml",
    ),
    "openai-responses": ("openai/pydantic-ai_responses_parallel_one_error.yaml",),
    "openrouter": ("extras/openrouter/pydantic-ai_openrouter_single_tool.yaml",),
    "deepseek": ("deepseek/pydantic-ai_deepseek_thinking_parallel.yaml",),
}
CASES = [pytest.param(name, file, id=Path(file).stem) for name, files in RECORDED.items() for file in files]


def at_server(provider: Provider, server: ReplayServer) -> dict[str, str]:
    """The provider's variables for a server that replays."""
    given = provider.at(server.url)
    return {name: server.base_url if value.startswith("http") else value for name, value in given.items()}


def said(recorded: Any) -> tuple[Message, ...]:
    """The conversation of a recorded request; of one to the Responses API, its question alone."""
    if "messages" in recorded:
        return chat.read(recorded["messages"])
    return (UserMessage(content=recorded["input"][0]["content"]),)


@pytest.mark.skipif(not CASSETTES.is_dir(), reason="the recordings are not there")
@pytest.mark.parametrize(("provider", "file"), CASES)
def test_recorded_answers_are_read_over_the_network(provider: str, file: str) -> None:
    """Each is asked for as it was recorded, a stream as a stream."""
    recorded = interactions(CASSETTES / file)
    with ReplayServer(CASSETTES / file) as server:
        models = Models(at_server(PROVIDERS[provider], server), connections=1)
        replies = [asked(models, f"{provider}/m", *said(each.request), stream=each.is_stream) for each in recorded]
        models.close()
        assert server.unused == ()
    assert all(reply.calls or reply.content for reply in replies)
    assert max(len(reply.calls) for reply in replies) >= (1 if provider == "openrouter" else 2)


def test_a_provider_that_cannot_be_prepared_fails_the_runs_that_ask_for_it_only() -> None:
    """A coordinator starts without it."""
    models = Models({}, connections=1)
    models.prepare("openai/gpt-5-mini")

    with pytest.raises(ModelError) as error:
        models.complete(ModelRequest(model="openai/gpt-5-mini", messages=(UserMessage(content="Hello."),), timeout_s=5))

    assert error.value.code == "provider_not_configured"
