"""Gemini's requests."""

from typing import Any

import pytest

from orchestrator.llm.model import ModelRequest, NamedTool, ResponseFormat, Sampling, ToolChoice, ToolOffer
from orchestrator.llm.providers.google import GOOGLE
from orchestrator.llm.scripted.checks import gemini
from orchestrator.llm.wire import Target
from orchestrator.llm.wires.gemini.wire import GeminiWire
from orchestrator.messages import Instructions, UserMessage

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
WEATHER = ToolOffer(name="get_weather", description="Gets the weather.", parameters=SCHEMA)
STRICT = WEATHER.model_copy(update={"strict_parameters": {"type": "object"}})


def body(model: str = "gemini-3.5-flash", **fields: Any) -> dict[str, Any]:
    """The request's body, which the scripted model takes."""
    request = ModelRequest(model=model, messages=(Instructions(content="Be brief."), UserMessage(content="Hi.")), timeout_s=5)
    made = GeminiWire().body(request.model_copy(update=fields), Target("google", model, GOOGLE.of_model(model)))
    GeminiWire().check(made)
    gemini.check(made, model=model)
    return made


def test_a_request_holds_what_was_asked_and_no_more() -> None:
    """The model is in the path."""
    assert body() == {
        "contents": [{"role": "user", "parts": [{"text": "Hi."}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
    }


def test_tools_are_one_list_of_declarations() -> None:
    """With JSON schema as it is, and without a word about parallel calls, which Gemini has none for."""
    made = body(tools=(WEATHER, WEATHER.model_copy(update={"name": "other"})), parallel_tool_calls=True)
    declared = {"description": "Gets the weather.", "parametersJsonSchema": SCHEMA}
    assert made["tools"] == [{"functionDeclarations": [{"name": "get_weather", **declared}, {"name": "other", **declared}]}]
    assert set(made) == {"contents", "systemInstruction", "tools"}


@pytest.mark.parametrize(
    ("choice", "offer", "config"),
    [
        ("auto", WEATHER, {"mode": "AUTO"}),
        ("none", WEATHER, {"mode": "NONE"}),
        ("required", WEATHER, {"mode": "ANY"}),
        (NamedTool(name="get_weather"), WEATHER, {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}),
        (None, STRICT, {"mode": "VALIDATED"}),
        ("auto", STRICT, {"mode": "VALIDATED"}),
        ("none", STRICT, {"mode": "NONE"}),
        ("required", STRICT, {"mode": "ANY"}),
    ],
)
def test_the_choice_is_a_mode(choice: ToolChoice | None, offer: ToolOffer, config: dict[str, Any]) -> None:
    """ANY and VALIDATED bind arguments to their schemas."""
    assert body(tools=(offer,), tool_choice=choice)["toolConfig"] == {"functionCallingConfig": config}


def test_one_loose_tool_leaves_all_loose() -> None:
    """The mode is for all of them."""
    assert "toolConfig" not in body(tools=(STRICT, WEATHER.model_copy(update={"name": "other"})))


def test_sampling_has_names_of_its_own() -> None:
    """A zero is a value."""
    sampling = Sampling(temperature=0.0, top_p=0.5, max_completion_tokens=9, seed=7, stop=("END",))
    expected = {"temperature": 0.0, "topP": 0.5, "maxOutputTokens": 9, "seed": 7, "stopSequences": ["END"]}
    assert body(sampling=sampling)["generationConfig"] == expected


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-3.5-flash", "low", {"thinkingLevel": "LOW"}),
        ("gemini-3.5-flash", "none", {"thinkingLevel": "MINIMAL"}),
        ("gemini-flash-latest", "xhigh", {"thinkingLevel": "HIGH"}),
        ("gemini-4-pro", "extreme", {"thinkingLevel": "EXTREME"}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", "medium", {"thinkingBudget": 8192}),
    ],
)
def test_effort_is_a_level_or_a_budget(model: str, effort: str, config: dict[str, Any]) -> None:
    """Budgets before Gemini 3; both in one request are refused."""
    assert body(model, sampling=Sampling(reasoning_effort=effort))["generationConfig"] == {"thinkingConfig": config}


def test_the_form_of_the_answer_is_a_schema() -> None:
    """Beside the sampling."""
    made = body(response_format=ResponseFormat(name="w", answer_schema=SCHEMA), sampling=Sampling(seed=1))
    assert made["generationConfig"] == {"seed": 1, "responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
