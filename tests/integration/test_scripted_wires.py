"""The scripted model in every wire format, driven by the providers' own SDKs: one script, the same calls, the same answer."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from openai import AzureOpenAI, OpenAI

from orchestrator.llm.scripted import ErrorFault, Reply, Script, ScriptedCall, ScriptedModel, StreamStyle, TokenCounts

QUESTION = "Which is warmer?"
CITIES = ["Tokyo", "Paris"]
SCRIPT = Script.of(
    Reply(content="Let me see.", tool_calls=tuple(ScriptedCall.of("get_weather", city=city) for city in CITIES)),
    Reply(content="They said: {tool_results}"),
)
THINKING = Script.of(
    Reply(reasoning="Two cities.", tool_calls=tuple(ScriptedCall.of("get_weather", city=city) for city in CITIES)),
    Reply(content="They said: {tool_results}", usage=TokenCounts(prompt_tokens=9, completion_tokens=5, cached_tokens=4)),
)
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOLS: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}]
CLAUDE_TOOLS: Any = [{"name": "get_weather", "input_schema": SCHEMA}]
RESPONSES_TOOLS: Any = [{"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}]
SAID = "They said: Tokyo is warm\nParis is warm"


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    """One server for all tests."""
    with ScriptedModel() as running:
        running.register("plain", SCRIPT)
        running.register("thinking", THINKING)
        yield running


@pytest.fixture
def claude(model: ScriptedModel) -> Iterator[anthropic.Anthropic]:
    """Anthropic's SDK, without retries of its own."""
    with anthropic.Anthropic(base_url=model.url, api_key="any", max_retries=0) as client:
        yield client


def openai_clients(model: ScriptedModel) -> dict[str, OpenAI]:
    """OpenAI's SDK at the places where chat completions are spoken."""
    return {
        "openai": OpenAI(base_url=model.base_url, api_key="any", max_retries=0),
        "openrouter": OpenAI(base_url=f"{model.url}/api/v1", api_key="any", max_retries=0),
        "azure-v1": OpenAI(base_url=f"{model.url}/openai/v1", api_key="any", max_retries=0),
        "azure": AzureOpenAI(azure_endpoint=model.url, api_version="2024-10-21", api_key="any", max_retries=0),
    }


@pytest.mark.parametrize("name", ["openai", "openrouter", "azure-v1", "azure"])
def test_chat_completions_are_spoken_at_all_their_paths(model: ScriptedModel, name: str) -> None:
    """A whole loop: calls, their results, the answer."""
    client = openai_clients(model)[name]
    messages: list[Any] = [{"role": "user", "content": QUESTION}]

    message = client.chat.completions.create(model="scripted/plain", messages=messages, tools=CHAT_TOOLS).choices[0].message
    calls: list[Any] = list(message.tool_calls or ())
    asked = [json.loads(call.function.arguments)["city"] for call in calls]
    messages.append(message.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": f"{city} is warm"} for call, city in zip(calls, asked, strict=True)]
    last = client.chat.completions.create(model="scripted/plain", messages=messages, tools=CHAT_TOOLS)

    assert (message.content, asked, last.choices[0].message.content) == ("Let me see.", CITIES, SAID)
    assert model.requests[-1].path.endswith("/chat/completions")


@pytest.mark.parametrize("name", ["openai", "openrouter", "azure-v1", "azure"])
def test_chat_completions_are_streamed_at_all_their_paths(model: ScriptedModel, name: str) -> None:
    """The SDK's own reader puts the same calls together."""
    client = openai_clients(model)[name]

    with client.chat.completions.stream(
        model="scripted/plain", messages=[{"role": "user", "content": QUESTION}], tools=CHAT_TOOLS
    ) as stream:
        choice = stream.get_final_completion().choices[0]

    calls: list[Any] = list(choice.message.tool_calls or ())
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", "Let me see.")
    assert [json.loads(call.function.arguments)["city"] for call in calls] == CITIES


@pytest.mark.parametrize("script", ["plain", "thinking"])
@pytest.mark.parametrize("stream", [False, True])
def test_responses_are_spoken(model: ScriptedModel, script: str, *, stream: bool) -> None:
    """What came out goes back in as it was, with the outputs."""
    asked: list[Any] = [{"role": "user", "content": QUESTION}]

    def answer(items: list[Any]) -> Any:
        client: Any = OpenAI(base_url=model.base_url, api_key="any", max_retries=0)
        given: Any = {"model": f"scripted/{script}", "input": items, "tools": RESPONSES_TOOLS}
        if not stream:
            return client.responses.create(**given)
        with client.responses.stream(**given) as events:
            return events.get_final_response()

    first = answer(asked)
    calls = [item for item in first.output if item.type == "function_call"]
    back = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
    cities = [json.loads(call.arguments)["city"] for call in calls]
    outputs = [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"{city} is warm"}
        for call, city in zip(calls, cities, strict=True)
    ]
    last = answer([*asked, *back, *outputs])

    assert (cities, last.output_text, last.status) == (CITIES, SAID, "completed")
    assert first.output[0].type == ("reasoning" if script == "thinking" else "message")


@pytest.mark.parametrize("script", ["plain", "thinking"])
@pytest.mark.parametrize("stream", [False, True])
def test_messages_are_spoken(claude: anthropic.Anthropic, script: str, *, stream: bool) -> None:
    """What came out goes back in as it was, and one message with the results."""
    messages: list[Any] = [{"role": "user", "content": QUESTION}]
    client: Any = claude

    def answer(said: list[Any]) -> Any:
        given: Any = {"model": f"scripted/{script}", "max_tokens": 100, "messages": said, "tools": CLAUDE_TOOLS}
        if not stream:
            return client.messages.create(**given)
        with client.messages.stream(**given) as events:
            return events.get_final_message()

    first = answer(messages)
    calls = [block for block in first.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": f"{call.input['city']} is warm"} for call in calls]
    back = [block.model_dump(exclude_none=True) for block in first.content]
    last = answer([*messages, {"role": "assistant", "content": back}, {"role": "user", "content": results}])

    assert [call.input["city"] for call in calls] == CITIES
    assert (first.stop_reason, last.stop_reason, last.content[0].text) == ("tool_use", "end_turn", SAID)
    assert first.content[0].type == ("thinking" if script == "thinking" else "text")
    if script == "thinking":
        assert (last.usage.input_tokens, last.usage.cache_read_input_tokens) == (5, 4)


def gemini(model: ScriptedModel, place: str, contents: list[Any], *, stream: bool) -> list[Any]:
    """The parts of an answer, and the finish reason after them."""
    body = {"contents": contents, "tools": [{"functionDeclarations": [{"name": "get_weather", "parameters": SCHEMA}]}]}
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    answer = httpx2.post(f"{model.url}{place}:{verb}", json=body).raise_for_status()
    chunks = [json.loads(line[6:]) for line in answer.text.splitlines() if line] if stream else [answer.json()]
    assert len(chunks) > 1 or not stream
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    return [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]


@pytest.mark.parametrize(
    "place",
    [
        "/v1beta/models/scripted/thinking",
        "/v1beta1/projects/p/locations/l/publishers/scripted/models/thinking",
        "/v1beta1/projects/p/locations/l/publishers/google/models/scripted/thinking",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_gemini_is_spoken(model: ScriptedModel, place: str, *, stream: bool) -> None:
    """What came out goes back in as it was, and one content with the results."""
    contents: list[Any] = [{"role": "user", "parts": [{"text": QUESTION}]}]

    parts = gemini(model, place, contents, stream=stream)
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    results = [
        {"functionResponse": {"id": call["id"], "name": call["name"], "response": {"output": f"{call['args']['city']} is warm"}}}
        for call in calls
    ]
    back = [part for part in parts if "functionCall" in part]
    last = gemini(model, place, [*contents, {"role": "model", "parts": back}, {"role": "user", "parts": results}], stream=stream)

    assert [call["args"]["city"] for call in calls] == CITIES
    assert ["thoughtSignature" in part for part in back] == [True, False]
    assert "".join(part["text"] for part in last) == SAID


def test_an_error_has_the_form_of_its_provider(model: ScriptedModel, claude: anthropic.Anthropic) -> None:
    """Each SDK raises its own class, with the id of the request."""
    name = model.register("busy", Script.of(Reply.error(429, "Slow down.", code="enforced_spend_limit_reached")))

    with pytest.raises(anthropic.RateLimitError) as refused:
        claude.messages.create(model=name, max_tokens=1, messages=[{"role": "user", "content": QUESTION}])
    google = httpx2.post(
        f"{model.url}/v1beta/models/{name}:generateContent", json={"contents": [{"role": "user", "parts": [{"text": "?"}]}]}
    )

    assert (refused.value.type, refused.value.error_code) == ("rate_limit_error", "enforced_spend_limit_reached")
    assert (refused.value.request_id or "").startswith("req_")
    assert google.json()["error"]["status"] == "RESOURCE_EXHAUSTED"


def test_a_stream_may_end_with_an_error(model: ScriptedModel, claude: anthropic.Anthropic) -> None:
    """As often as the script says; then it is whole."""
    fault = ErrorFault(status=529, message="Overloaded", after_events=3, times=3)
    name = model.register("breaking", Script.of(Reply(content="At last.", faults=(fault,))))
    asked: Any = [{"role": "user", "content": QUESTION}]
    client = OpenAI(base_url=model.base_url, api_key="any", max_retries=0)

    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(claude.messages.create(model=name, max_tokens=1, messages=asked, stream=True))
    with pytest.raises(openai.APIError, match="Overloaded"):
        list(client.chat.completions.create(model=name, messages=asked, stream=True))
    assert [each.type for each in client.responses.create(model=name, input=QUESTION, stream=True)][-1] == "error"
    assert client.responses.create(model=name, input=QUESTION).output_text == "At last."


def test_a_stream_may_be_odd(model: ScriptedModel) -> None:
    """As one that a careless reader takes for a single call."""
    odd = SCRIPT.conversations[0].replies[0].model_copy(update={"stream": StreamStyle(index="zero")})
    name = model.register("odd", Script.of(odd))
    client = OpenAI(base_url=model.base_url, api_key="any", max_retries=0)

    chunks = client.chat.completions.create(model=name, messages=[{"role": "user", "content": QUESTION}], stream=True)

    assert {call.index for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()} == {0}
