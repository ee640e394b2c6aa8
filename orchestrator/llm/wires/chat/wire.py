"""The chat completions' wire."""

from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator import chat, transcript
from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, ResponseFormat, Sampling, ToolChoice, ToolOffer
from orchestrator.llm.untrusted import mapping, mappings
from orchestrator.llm.wire import Assembly, Body, Target
from orchestrator.llm.wires.chat import answer
from orchestrator.llm.wires.chat.stream import ChatAssembly
from orchestrator.messages import AssistantMessage, Message

_LIMIT: Final = "max_completion_tokens"


class ChatWire:
    """A Wire."""

    def body(self, request: ModelRequest, target: Target) -> Body:
        body: Body = {"model": target.model, "messages": [_message(message, target) for message in request.messages]}
        body |= _sampling(request.sampling, target)
        if request.stream:
            body["stream_options"] = {"include_usage": True}
        if request.response_format is not None:
            body["response_format"] = _form(request.response_format)
        if request.tools:
            body["tools"] = [_tool(offer) for offer in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = _choice(request.tool_choice)
        if request.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = request.parallel_tool_calls
        return body

    def check(self, body: Body) -> None:
        transcript.check(cast("list[Any]", body["messages"]))

    def decode(self, body: bytes, request_id: str | None) -> ModelReply:
        return answer.decode(body, request_id)

    def assembly(self) -> Assembly:
        return ChatAssembly()


def _message(message: Message, target: Target) -> JsonValue:
    """With the fields of its own that this provider wants back: thinking, signatures."""
    said = chat.as_chat(message)
    if said["role"] == "developer" and not target.capabilities.developer_role:
        said["role"] = "system"
    if not isinstance(message, AssistantMessage):
        return said
    raw = mapping(message.raw_of(target.provider))
    echoed = target.capabilities.echoed
    said |= {name: raw[name] for name in sorted(echoed) if raw.get(name) is not None}
    if answer.thinks_aloud(raw.get("content")):
        said["content"] = raw["content"]
    theirs = mappings(raw.get("tool_calls"))
    if message.calls and len(theirs) == len(message.calls):
        ours = cast("list[dict[str, JsonValue]]", said["tool_calls"])
        said["tool_calls"] = [
            call | {name: their[name] for name in sorted(echoed) if name in their} for call, their in zip(ours, theirs, strict=True)
        ]
    return said


def _sampling(sampling: Sampling, target: Target) -> Body:
    options: Body = sampling.model_dump(mode="json", exclude_defaults=True)
    if _LIMIT in options:
        options[target.capabilities.max_tokens_field] = options.pop(_LIMIT)
    return options


def _form(form: ResponseFormat) -> JsonValue:
    schema: Body = {"name": form.name, "schema": dict(form.offered), "strict": form.strict}
    if form.description is not None:
        schema["description"] = form.description
    return {"type": "json_schema", "json_schema": schema}


def _tool(offer: ToolOffer) -> JsonValue:
    """Strict where the tool can be."""
    function: Body = {"name": offer.name, "description": offer.description}
    if offer.strict_parameters is not None:
        function |= {"parameters": dict(offer.strict_parameters), "strict": True}
    else:
        function["parameters"] = dict(offer.parameters)
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> JsonValue:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice
