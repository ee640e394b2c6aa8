"""Requests to Anthropic's Messages."""

from typing import Any

import pytest
from pydantic import JsonValue

from orchestrator.llm import policy
from orchestrator.llm.model import ModelRequest, NamedTool, ResponseFormat, Sampling, ToolOffer
from orchestrator.llm.providers.anthropic import ANTHROPIC
from orchestrator.llm.scripted.checks.messages import check as provider_check
from orchestrator.llm.scripted.signatures import signature
from orchestrator.llm.wire import Target
from orchestrator.llm.wires.messages.wire import DEFAULT_MAX_TOKENS, MessagesWire
from orchestrator.messages import AssistantMessage, Call, Instructions, RawTurn, ToolMessage, UserMessage
from orchestrator.transcript import IllegalTranscript

QUESTION = UserMessage(content="Weather in Köln?")
WEATHER = ToolOffer(name="get_weather", description="Gets the weather.", parameters={"properties": {"city": {"type": "string"}}})
STRICT = WEATHER.model_copy(update={"strict_parameters": {"type": "object", "properties": {}, "additionalProperties": False}})
CALLED = AssistantMessage(calls=(Call(id="toolu_1", name="get_weather", arguments="{}"),))
SUNNY = ToolMessage(tool_call_id="toolu_1", name="get_weather", content="Sunny.")


def sent(*, model: str = "claude-sonnet-4-5", **fields: Any) -> dict[str, Any]:
    """The body of a request with these fields, as policy leaves them; the scripted provider takes it."""
    request = ModelRequest(model=model, messages=(QUESTION,), timeout_s=5).model_copy(update=fields)
    capabilities = ANTHROPIC.of_model(model)
    wire = MessagesWire()
    body = wire.body(policy.fit(request, capabilities)[0], Target("anthropic", model, capabilities))
    wire.check(body)
    provider_check(body, own=True)
    return body


def chosen(**fields: Any) -> Any:
    """The choice of tools that is sent."""
    return sent(tools=(WEATHER,), **fields).get("tool_choice")


def test_a_request_holds_no_more_than_it_must() -> None:
    """The API insists on a limit of tokens."""
    assert sent() == {
        "model": "claude-sonnet-4-5",
        "max_tokens": DEFAULT_MAX_TOKENS,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Weather in Köln?"}]}],
    }


def test_instructions_stand_beside_the_turns() -> None:
    """All of them."""
    assert sent(messages=(Instructions(content="Be brief."), QUESTION))["system"] == "Be brief."


def test_instructions_alone_are_refused_before_they_are_sent() -> None:
    """The API takes no request without a turn."""
    with pytest.raises(IllegalTranscript):
        sent(messages=(Instructions(content="Be brief."),))


def test_options_have_the_names_of_the_api() -> None:
    """Those that it takes; blank stop sequences it does not."""
    sampling = Sampling(max_completion_tokens=100, stop=("END", " "), reasoning_effort="high", temperature=0.5, top_p=0.9, seed=7)
    body = sent(sampling=sampling, model="claude-opus-5-5")
    assert {key: value for key, value in body.items() if key not in {"model", "messages"}} == {
        "max_tokens": 100,
        "stop_sequences": ["END"],
        "output_config": {"effort": "high"},
    }


@pytest.mark.parametrize(("asked", "effort"), [("none", "low"), ("minimal", "low"), ("low", "low"), ("xhigh", "xhigh"), ("max", "max")])
def test_effort_is_said_in_the_words_of_the_api(asked: str, effort: str) -> None:
    """It has no word for less than low."""
    assert sent(sampling=Sampling(reasoning_effort=asked), model="claude-opus-5")["output_config"] == {"effort": effort}


def test_tools_have_a_schema_of_an_object_and_are_strict_where_they_can_be() -> None:
    """Both kinds in one request (cassette messages_strict_and_nonstrict)."""
    loose, strict = sent(tools=(WEATHER, STRICT.model_copy(update={"name": "strict"})))["tools"]
    assert loose == {
        "name": "get_weather",
        "description": "Gets the weather.",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    }
    assert strict == {"name": "strict", "description": "Gets the weather.", "input_schema": STRICT.strict_parameters, "strict": True}


def test_no_more_tools_are_strict_than_the_api_takes() -> None:
    """The others are offered without: their calls are checked anyway."""
    tools = tuple(STRICT.model_copy(update={"name": f"t{number}"}) for number in range(22))
    assert ["strict" in tool for tool in sent(tools=tools)["tools"]] == [True] * 20 + [False] * 2


def test_no_more_unions_are_strict_than_the_api_takes() -> None:
    """A parameter that may be left out is one."""
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    schema = {"type": "object", "properties": {str(number): nullable for number in range(9)}, "additionalProperties": False}
    tools = tuple(STRICT.model_copy(update={"name": name, "strict_parameters": schema}) for name in "ab")
    assert ["strict" in tool for tool in sent(tools=tools)["tools"]] == [True, False]


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        pytest.param({}, None, id="unset"),
        pytest.param({"tool_choice": "auto"}, {"type": "auto"}, id="auto"),
        pytest.param({"tool_choice": "required"}, {"type": "any"}, id="required"),
        pytest.param({"tool_choice": NamedTool(name="get_weather")}, {"type": "tool", "name": "get_weather"}, id="named"),
        pytest.param({"tool_choice": "none"}, {"type": "none"}, id="none"),
        pytest.param({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}, id="one-at-a-time"),
        pytest.param({"parallel_tool_calls": True}, {"type": "auto", "disable_parallel_tool_use": False}, id="several"),
        pytest.param(
            {"parallel_tool_calls": False, "tool_choice": "required"}, {"type": "any", "disable_parallel_tool_use": True}, id="one-required"
        ),
        pytest.param({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"}, id="none-has-no-flag"),
    ],
)
def test_the_flag_of_parallel_calls_stands_in_the_choice(fields: dict[str, Any], choice: Any) -> None:
    """Sent only where it was set and can be."""
    assert chosen(**fields) == choice


@pytest.mark.parametrize("model", ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-1", "claude-fable-5-2", "claude-mythos-5-1"])
def test_a_model_that_always_thinks_is_not_made_to_call(model: str) -> None:
    """It would answer 400."""
    assert chosen(tool_choice="required", model=model) == {"type": "auto"}


@pytest.mark.parametrize(
    ("model", "provider", "thinking"),
    [
        pytest.param(
            "claude-opus-5-5", "anthropic", {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}, id="bound"
        ),
        pytest.param("claude-opus-5", "anthropic", None, id="not-bound"),
        pytest.param("claude-opus-5-5", "google", None, id="none-given-back"),
    ],
)
def test_thinking_that_a_changed_beginning_makes_invalid_is_dropped(model: str, provider: str, thinking: Any) -> None:
    """A run that goes on with other tools would fail for it."""
    data: list[JsonValue] = [{"type": "thinking", "thinking": "Hm.", "signature": signature("Hm.")}, {"type": "text", "text": "Hi."}]
    turn = AssistantMessage(content="Hi.", raw=RawTurn(provider=provider, data=data))
    assert sent(messages=(QUESTION, turn, QUESTION), model=model).get("thinking") == thinking


def test_settings_of_tools_are_not_sent_without_tools() -> None:
    """60 Upsonic#323: they are refused then."""
    assert set(sent(tool_choice="required", parallel_tool_calls=False)) == {"model", "max_tokens", "messages"}


def test_a_conversation_with_calls_declares_their_tools() -> None:
    """The API insists on it, also where none may be called any more."""
    body = sent(messages=(QUESTION, CALLED, SUNNY))
    assert (body["tools"], body["tool_choice"]) == ([{"name": "get_weather", "input_schema": {"type": "object"}}], {"type": "none"})


def test_the_form_of_the_answer_is_asked_for_by_the_means_of_the_api() -> None:
    """Beside tools too (cassette messages_native_output_parallel)."""
    form = ResponseFormat(name="city", answer_schema={"type": "object", "properties": {"city": {"type": "string", "minLength": 1}}})
    body = sent(response_format=form, tools=(WEATHER,))
    assert body["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "{minLength: 1}"}},
                "additionalProperties": False,
            },
        }
    }
