"""Gemini's requests."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, ResponseFormat, Sampling, ToolOffer
from orchestrator.llm.wire import Assembly, Body, Target
from orchestrator.llm.wires.gemini import answer, pairing
from orchestrator.llm.wires.gemini.contents import contents, instructions
from orchestrator.llm.wires.gemini.stream import GeminiAssembly

#: Before Gemini 3 a history needs no signatures, and thinking has a budget of tokens instead of a level.
_EARLIER: Final = re.compile(r"gemini-[12]\.")
_LEVELS: Final[Mapping[str, str]] = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
}
#: As Google's own chat-completions endpoint translates them (ai.google.dev/gemini-api/docs/openai).
_BUDGETS: Final[Mapping[str, int]] = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576}
_MODES: Final[Mapping[str, str]] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


class GeminiWire:
    """A Wire. Facts are from the reference of generateContent and from google-genai 3.4."""

    def body(self, request: ModelRequest, target: Target) -> Body:
        earlier = bool(_EARLIER.search(target.model))
        body: Body = {"contents": contents(request.messages, target.provider, signed=not earlier)}
        if told := instructions(request.messages):
            body["systemInstruction"] = {"parts": told}
        if generation := {**_sampling(request.sampling, earlier=earlier), **_form(request.response_format)}:
            body["generationConfig"] = generation
        if request.tools:
            body["tools"] = [{"functionDeclarations": [_declaration(offer) for offer in request.tools]}]
            if calling := _calling(request):
                body["toolConfig"] = {"functionCallingConfig": calling}
        return body

    def check(self, body: Body) -> None:
        pairing.check(body)

    def decode(self, body: bytes, request_id: str | None) -> ModelReply:
        return answer.decode(body, request_id)

    def assembly(self) -> Assembly:
        return GeminiAssembly()


def _declaration(offer: ToolOffer) -> JsonValue:
    """`parametersJsonSchema` takes JSON schema as it is, `parameters` only a part of OpenAPI's."""
    return {"name": offer.name, "description": offer.description, "parametersJsonSchema": dict(offer.parameters)}


def _calling(request: ModelRequest) -> Body:
    """VALIDATED binds arguments to their schemas and leaves the choice to the model; ANY does so too."""
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    if choice in {None, "auto"} and all(offer.strict_parameters is not None for offer in request.tools):
        return {"mode": "VALIDATED"}
    return {"mode": _MODES[choice]} if choice else {}


def _sampling(sampling: Sampling, *, earlier: bool) -> Body:
    fields: dict[str, JsonValue] = {
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "maxOutputTokens": sampling.max_completion_tokens,
        "seed": sampling.seed,
        "stopSequences": list(sampling.stop) or None,
        "thinkingConfig": _thinking(sampling.reasoning_effort, earlier=earlier),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _thinking(effort: str | None, *, earlier: bool) -> JsonValue:
    """A word that we do not know goes as a level, for the provider to judge."""
    if effort is None:
        return None
    if earlier and effort in _BUDGETS:
        return {"thinkingBudget": _BUDGETS[effort]}
    return {"thinkingLevel": _LEVELS.get(effort, effort.upper())}


def _form(form: ResponseFormat | None) -> Body:
    return {"responseMimeType": "application/json", "responseJsonSchema": dict(form.answer_schema)} if form else {}
