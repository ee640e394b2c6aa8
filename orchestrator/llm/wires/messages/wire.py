"""Anthropic's Messages API as a wire."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pydantic import JsonValue

from orchestrator.llm.model import ModelReply, ModelRequest, NamedTool, Sampling, ToolOffer
from orchestrator.llm.untrusted import mappings
from orchestrator.llm.wire import Assembly, Body, Target
from orchestrator.llm.wires.messages import answer, pairing
from orchestrator.llm.wires.messages.schema import bound
from orchestrator.llm.wires.messages.stream import MessageAssembly
from orchestrator.llm.wires.messages.turns import system, turns
from orchestrator.messages import AssistantMessage, Message

#: The API insists on a limit, thinking included. All models since 2025 write so much.
DEFAULT_MAX_TOKENS: Final = 16_384
#: Of one request: strict tools, and parameters of several types in them ("Structured outputs", Anthropic).
_MAX_STRICT_TOOLS: Final = 20
_MAX_UNIONS: Final = 16
#: A run may go on with other tools or instructions (`previous_run_id`): thinking that they make invalid is dropped then, while the
#: API's default is to refuse the request. That these models think, as they do unasked, must be said beside it.
_DROPPING: Final[Body] = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
#: OpenAI's words for less than a little.
_EFFORTS: Final[Mapping[str, str]] = {"none": "low", "minimal": "low"}


class MessagesWire:
    """A Wire."""

    def body(self, request: ModelRequest, target: Target) -> Body:
        sampling = request.sampling
        body: Body = {"model": target.model, "max_tokens": sampling.max_completion_tokens or DEFAULT_MAX_TOKENS}
        if instructions := system(request.messages):
            body["system"] = instructions
        body["messages"] = turns(request.messages, target.provider)
        body |= _sampling(sampling) | _tools(request)
        if target.capabilities.bound_thinking and _gives_back_thinking(request.messages, target.provider):
            body["thinking"] = dict(_DROPPING)
        if output := _output(request):
            body["output_config"] = output
        return body

    def check(self, body: Body) -> None:
        pairing.check(cast("list[Any]", body["messages"]))

    def decode(self, body: bytes, request_id: str | None) -> ModelReply:
        return answer.decode(body, request_id)

    def assembly(self) -> Assembly:
        return MessageAssembly()


def _gives_back_thinking(messages: Sequence[Message], provider: str) -> bool:
    raws = (message.raw_of(provider) for message in messages if isinstance(message, AssistantMessage))
    return any(block.get("type") == "thinking" for raw in raws for block in mappings(raw))


def _sampling(sampling: Sampling) -> Body:
    fields: Body = {name: value for name in ("temperature", "top_p") if (value := getattr(sampling, name)) is not None}
    if stops := [stop for stop in sampling.stop if stop.strip()]:  # The API refuses blank ones.
        fields["stop_sequences"] = list(stops)
    return fields


def _output(request: ModelRequest) -> Body:
    output: Body = {}
    if effort := request.sampling.reasoning_effort:
        output["effort"] = _EFFORTS.get(effort, effort)
    if request.response_format is not None:
        output["format"] = {"type": "json_schema", "schema": bound(request.response_format.offered)}
    return output


def _tools(request: ModelRequest) -> Body:
    if not request.tools:
        return {}
    choice = _choice(request)
    return {"tools": _offered(request.tools), **({"tool_choice": choice} if choice else {})}


def _offered(offers: Sequence[ToolOffer]) -> list[JsonValue]:
    """Strict where the tool can be, as long as the request's limits allow it; calls are validated in any case."""
    tools: list[JsonValue] = []
    strict = unions = 0
    for offer in offers:
        wanted = offer.strict_parameters
        if wanted is not None and strict < _MAX_STRICT_TOOLS and unions + _unions(wanted) <= _MAX_UNIONS:
            strict, unions = strict + 1, unions + _unions(wanted)
            tools.append({**_named(offer), "input_schema": dict(wanted), "strict": True})
        else:
            tools.append({**_named(offer), "input_schema": {"type": "object", **offer.parameters}})
    return tools


def _named(offer: ToolOffer) -> Body:
    return {"name": offer.name, **({"description": offer.description} if offer.description else {})}


def _unions(schema: Any) -> int:
    """How many parts of the schema may be of several types."""
    if isinstance(schema, list):
        return sum(map(_unions, cast("list[Any]", schema)))
    if not isinstance(schema, Mapping):
        return 0
    fields = cast("Mapping[str, Any]", schema)
    return ("anyOf" in fields or isinstance(fields.get("type"), list)) + sum(map(_unions, fields.values()))


def _choice(request: ModelRequest) -> Body:
    """The choice, if one was made, with the flag that stands in it; the flag has no place where no tool may be called."""
    flag = request.parallel_tool_calls
    match request.tool_choice:
        case "none":
            return {"type": "none"}
        case "required":
            choice: Body = {"type": "any"}
        case NamedTool(name=name):
            choice = {"type": "tool", "name": name}
        case "auto" | None:
            choice = {"type": "auto"} if request.tool_choice or flag is not None else {}
    return choice if flag is None else choice | {"disable_parallel_tool_use": not flag}
