"""The Responses API's wire. Nothing is stored at the provider: each request holds the whole conversation."""

from typing import Any, cast

from pydantic import JsonValue

from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, ResponseFormat, Sampling, ToolChoice, ToolOffer
from orchestrator.llm.wire import Assembly, Body, Target
from orchestrator.llm.wires.responses import answer, pairing
from orchestrator.llm.wires.responses.items import items
from orchestrator.llm.wires.responses.stream import ResponsesAssembly


class ResponsesWire:
    """A Wire."""

    def body(self, request: ModelRequest, target: Target) -> Body:
        body: Body = {"model": target.model, "input": list[JsonValue](items(request.messages, target.provider)), "store": False}
        if target.capabilities.encrypted_reasoning:
            body["include"] = ["reasoning.encrypted_content"]
        body |= _sampling(request.sampling)
        if request.response_format is not None:
            body["text"] = {"format": _form(request.response_format)}
        if request.tools:
            body["tools"] = [_tool(offer) for offer in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = _choice(request.tool_choice)
        if request.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = request.parallel_tool_calls
        return body

    def check(self, body: Body) -> None:
        pairing.check(cast("list[Any]", body["input"]))

    def decode(self, body: bytes, request_id: str | None) -> ModelReply:
        return answer.decode(body, request_id)

    def assembly(self) -> Assembly:
        return ResponsesAssembly()


def _sampling(sampling: Sampling) -> Body:
    options: Body = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_output_tokens": sampling.max_completion_tokens,
        "reasoning": {"effort": sampling.reasoning_effort} if sampling.reasoning_effort is not None else None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _form(form: ResponseFormat) -> JsonValue:
    written: Body = {"type": "json_schema", "name": form.name, "schema": dict(form.offered), "strict": form.strict}
    return written if form.description is None else {**written, "description": form.description}


def _tool(offer: ToolOffer) -> JsonValue:
    """Here a tool is strict unless it says that it is not."""
    is_strict = offer.strict_parameters is not None
    parameters = offer.parameters if offer.strict_parameters is None else offer.strict_parameters
    return {"type": "function", "name": offer.name, "description": offer.description, "parameters": dict(parameters), "strict": is_strict}


def _choice(choice: ToolChoice) -> JsonValue:
    return {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice
