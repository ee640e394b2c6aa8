"""The Gemini API and Vertex AI, from a request to the reply, against the scripted model in their format."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.auth.exceptions import DefaultCredentialsError

from orchestrator.llm.adapter import Adapter
from orchestrator.llm.errors import ModelRefused, ModelUnavailable
from orchestrator.llm.model import ModelReply, ModelRequest, ToolOffer
from orchestrator.llm.models import Models
from orchestrator.llm.provider import Access, Provider
from orchestrator.llm.providers.google import GOOGLE, VERTEX
from orchestrator.llm.records import PROVIDERS
from orchestrator.llm.scripted import ScriptedModel
from orchestrator.messages import AssistantMessage, Call, Message, RawTurn, ToolMessage, UserMessage

BOTH = pytest.mark.parametrize("provider", [pytest.param(each, id=each.name) for each in (GOOGLE, VERTEX)])
WEATHER = ToolOffer(
    name="get_weather",
    description="Gets the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
ASKED = UserMessage(content="Weather in Tokyo, Paris and Oslo?")


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """The scripted model."""
    with ScriptedModel() as model:
        yield model


class Heard:
    """A listener that notes the text."""

    def __init__(self) -> None:
        self.text_of_attempt = ""

    def begin(self) -> None:
        """Forgets what was heard."""
        self.text_of_attempt = ""

    def text(self, delta: str) -> None:
        """Notes it."""
        self.text_of_attempt += delta


def asked(adapter: Adapter, *messages: Message, stream: bool, **fields: Any) -> tuple[ModelReply, str]:
    """The reply to these messages, and what was heard of it."""
    heard = Heard()
    request = ModelRequest(model="gemini-3.5-flash", messages=messages, tools=(WEATHER,), stream=stream, timeout_s=10)
    return adapter.complete(request.model_copy(update=fields), heard), heard.text_of_attempt


def said(reply: ModelReply, *, provider: str) -> AssistantMessage:
    """The reply as it is kept, with ids of ours."""
    calls = tuple(Call(id=f"call_0_{at}", name=call.name, arguments=call.arguments) for at, call in enumerate(reply.calls))
    return AssistantMessage(content=reply.content, calls=calls, raw=RawTurn(provider=provider, data=reply.raw))


def answered(message: AssistantMessage) -> list[ToolMessage]:
    """Results of its calls, the last first."""
    return [ToolMessage(tool_call_id=call.id, name=call.name, content='{"degrees": 21}') for call in reversed(message.calls)]


@BOTH
@pytest.mark.parametrize("stream", [False, True])
def test_parallel_calls_and_their_results_go_to_the_model_and_back(provider: Provider, model: ScriptedModel, *, stream: bool) -> None:
    """The scripted model refuses signatures that are not its own, and results that are not in their places."""
    access = provider.at(model.url)
    adapter = Adapter(provider, provider.wire(), provider.connect(access, 4))
    reply, _ = asked(adapter, ASKED, stream=stream)
    assert [json.loads(call.arguments)["city"] for call in reply.calls] == ["Tokyo", "Paris", "Oslo"]
    assert (reply.provider, reply.finish_reason) == (provider.name, "tool_calls")
    message = said(reply, provider=provider.name)
    last, heard = asked(adapter, ASKED, message, *answered(message), stream=stream)
    assert not last.calls
    assert last.content
    assert heard == (last.content if stream else "")
    assert last.usage.total_tokens > 0
    adapter.close()


def test_a_turn_of_one_goes_to_the_other_in_our_form(model: ScriptedModel) -> None:
    """Its signature is left behind."""
    models = Models({**GOOGLE.at(model.url), **VERTEX.at(model.url)}, 4)
    request = ModelRequest(model="google/gemini-3.5-flash", messages=(ASKED,), tools=(WEATHER,), timeout_s=10)
    message = said(models.complete(request), provider="google")
    changes = {"model": "vertex/gemini-3.5-flash", "messages": (ASKED, message, *answered(message))}
    assert models.complete(request.model_copy(update=changes)).content
    models.close()


@pytest.mark.parametrize(
    ("provider", "access", "says"),
    [
        (GOOGLE, {}, "GEMINI_API_KEY or GOOGLE_API_KEY"),
        (GOOGLE, {"GEMINI_API_KEY": "k"}, None),
        (GOOGLE, {"GOOGLE_GENAI_USE_VERTEXAI": "true"}, None),
        (VERTEX, {}, "GOOGLE_CLOUD_PROJECT or GOOGLE_API_KEY"),
        (VERTEX, {"GOOGLE_CLOUD_PROJECT": "p"}, None),
    ],
)
def test_what_is_missing_is_told(provider: Provider, access: Access, says: str | None) -> None:
    """Before a run begins."""
    problem = provider.problem(access)
    assert problem is None if says is None else says in (problem or "")


@pytest.mark.parametrize("flag", ["true", "True", "1"])
def test_google_is_vertex_where_the_variable_says_so(flag: str, model: ScriptedModel) -> None:
    """As users of Google's SDK expect."""
    adapter = Adapter(GOOGLE, GOOGLE.wire(), GOOGLE.connect({**VERTEX.at(model.url), "GOOGLE_GENAI_USE_VERTEXAI": flag}, 4))
    assert asked(adapter, ASKED, stream=False)[0].calls
    adapter.close()


def test_vertex_without_a_project_needs_credentials_that_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked for when it is first asked."""

    def default(**_: Any) -> Any:
        raise DefaultCredentialsError

    monkeypatch.setattr("google.auth.default", default)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    with pytest.raises(ModelRefused) as caught:
        GOOGLE.connect({"GOOGLE_GENAI_USE_VERTEXAI": "true"}, 4)
    assert caught.value.code == "authentication_failed"


@BOTH
def test_failures_name_the_provider_and_its_variables(provider: Provider) -> None:
    """For people who have several."""
    adapter = Adapter(provider, provider.wire(), provider.connect(provider.at("http://127.0.0.1:9"), 4))
    with pytest.raises(ModelUnavailable) as caught:
        asked(adapter, ASKED, stream=False)
    adapter.close()
    assert caught.value.provider == provider.name
    assert provider.title in caught.value.message
    assert "BASE_URL" in caught.value.message


@pytest.mark.parametrize(
    ("model", "with_tools", "thinks"),
    [("gemini-3.5-flash", True, True), ("gemini-2.5-pro", False, True), ("gemini-2.0-flash", False, False)],
)
def test_earlier_models_can_do_less(model: str, with_tools: bool, thinks: bool) -> None:  # noqa: FBT001 - parameters of the test
    """A form of the answer beside tools came with Gemini 3, thinking with 2.5."""
    capabilities = GOOGLE.of_model(model)
    assert (capabilities.response_format_with_tools, "reasoning_effort" in capabilities.sampling) == (with_tools, thinks)


def test_both_are_known() -> None:
    """By their names in a run's model."""
    assert {"google", "vertex"} <= PROVIDERS.keys()
