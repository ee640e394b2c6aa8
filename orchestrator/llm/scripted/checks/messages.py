"""What Anthropic's Messages refuse, in Anthropic's words."""

import re
from collections import Counter
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.llm.scripted.completion import BESIDE_REASONING
from orchestrator.llm.scripted.forms.messages import Block, Message, MessagesRequest
from orchestrator.llm.scripted.refusal import RequestError, first_flaw, unknown_keys
from orchestrator.llm.scripted.signatures import is_ours, signs
from tasks.names import TOOL_NAME

_UNANSWERED = (
    "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a "
    "corresponding `tool_result` block in the next message."
)
_UNASKED = (
    "messages.{}.content.{}: unexpected `tool_use_id` found in `tool_result` blocks: {}. Each `tool_result` block must have a "
    "corresponding `tool_use` block in the previous message."
)
_ANSWERED_TWICE = "messages.{}.content.{}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {}"
_CHANGED = (
    "messages.{}.content.{}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
    "These blocks must remain as they were in the original response."
)
_THINKING_FIRST = (
    "messages.{}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is enabled, a final "
    "`assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
)

#: The fields of a request: those that are read here, those of the SDK, of betas, and of Bedrock and Vertex AI.
_KNOWN: Final = (
    *MessagesRequest.model_fields,
    *("temperature", "top_k", "top_p", "stop_sequences", "metadata", "service_tier", "container", "output_config", "cache_control"),
    *("inference_geo", "diagnostics", "speed", "user_profile_id", "workspace_id"),
    *("mcp_servers", "context_management", "output_format", "fallbacks"),
    *("anthropic_version", "anthropic_beta"),
)
_ID: Final = re.compile(r"[a-zA-Z0-9_-]+")
_SMALLEST_BUDGET: Final = 1024
_THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})
_REQUIRED: Final = {
    "text": ("text",),
    "tool_use": ("id", "name", "input"),
    "tool_result": ("tool_use_id",),
    "thinking": ("thinking", "signature"),
    "redacted_thinking": ("data",),
}


def check(body: Any, *, own: bool = False) -> MessagesRequest:
    """The request. Raises RequestError. `own`: the scripted model gave all thinking that comes back, and the body names the model."""
    try:
        request = MessagesRequest.model_validate(body)
    except ValidationError as error:
        raise _refusal(error, body) from None
    for key in unknown_keys(body, _KNOWN):
        raise RequestError(f"{key}: Extra inputs are not permitted")
    if own and not request.model:
        raise RequestError("model: Field required")
    _check_options(request)
    _check_blocks(request.messages)
    _check_pairs(request.messages)
    _check_thinking(request, own=own)
    return request


def _refusal(error: ValidationError, body: Any) -> RequestError:
    where, kind, said = first_flaw(error, body)
    dotted = re.sub(r"\[(\d+)\]", r".\1", where)
    if dotted == "messages" and kind == "too_short":
        return RequestError("messages: at least one message is required")
    return RequestError(f"{dotted}: {said}" if dotted else said)


def _check_options(request: MessagesRequest) -> None:
    """The tools, the choice among them, and thinking, which forbids to force one."""
    for position, tool in enumerate(request.tools):
        if not TOOL_NAME.fullmatch(tool.name):
            raise RequestError(f"tools.{position}.{tool.type}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
        if tool.type == "custom" and tool.input_schema is None:
            raise RequestError(f"tools.{position}.custom.input_schema: Field required")
    if len({tool.name for tool in request.tools}) < len(request.tools):
        raise RequestError("tools: Tool names must be unique.")
    _check_choice(request)
    thinking = request.thinking
    if thinking is None or thinking.type != "enabled":
        return
    if thinking.budget_tokens is None:
        raise RequestError("thinking.enabled.budget_tokens: Field required")
    if thinking.budget_tokens < _SMALLEST_BUDGET:
        raise RequestError(f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_SMALLEST_BUDGET}")
    if request.max_tokens <= thinking.budget_tokens:
        raise RequestError("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _check_choice(request: MessagesRequest) -> None:
    choice = request.tool_choice
    if choice is None:
        return
    if not request.tools:
        raise RequestError("tool_choice: may only be specified while providing `tools`.")
    if choice.type == "none" and choice.disable_parallel_tool_use is not None:
        raise RequestError("tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted")
    if choice.type == "tool" and choice.name is None:
        raise RequestError("tool_choice.tool.name: Field required")
    if choice.type == "tool" and all(tool.name != choice.name for tool in request.tools):
        raise RequestError(f"Tool '{choice.name}' not found in provided tools")
    if choice.type in {"any", "tool"} and request.thinking is not None and request.thinking.type != "disabled":
        raise RequestError("Thinking may not be enabled when tool_choice forces tool use.")


def _check_blocks(messages: tuple[Message, ...]) -> None:
    """Each block has what its type needs and stands in a message of the right role; no message and no text is empty."""
    if messages[0].role != "user":
        raise RequestError('messages: first message must use the "user" role')
    used: set[str] = set()
    for at, message in enumerate(messages):
        if not message.blocks and not (at == len(messages) - 1 and message.role == "assistant"):
            raise RequestError(f"messages.{at}: all messages must have non-empty content except for the optional final assistant message")
        for index, block in enumerate(message.blocks):
            _check_block(f"messages.{at}.content.{index}", block, message.role)
            if block.type == "tool_use" and block.id in used:
                raise RequestError(f"messages.{at}.content.{index}: `tool_use` ids must be unique")
            used |= {block.id} if block.type == "tool_use" and block.id is not None else set()


def _check_block(where: str, block: Block, role: str) -> None:
    for name in _REQUIRED.get(block.type, ()):
        if getattr(block, name) is None:
            raise RequestError(f"{where}.{block.type}.{name}: Field required")
    if block.type == "text" and not block.text:
        raise RequestError("messages: text content blocks must be non-empty")
    if block.type == "tool_use" and not _ID.fullmatch(block.id or ""):
        raise RequestError(f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if block.type == "tool_use" and not TOOL_NAME.fullmatch(block.name or ""):
        raise RequestError(f"{where}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'")
    if block.type == "tool_result" and role != "user":
        raise RequestError(f"{where}: `tool_result` blocks can only be in `user` messages")
    if block.type in {"tool_use", *_THOUGHTS} and role != "assistant":
        raise RequestError(f"{where}: `{block.type}` blocks can only be in `assistant` messages")


def _check_pairs(messages: tuple[Message, ...]) -> None:
    """The message after one with calls begins with one result for each of them, and no other message holds results."""
    asked: list[str] = []
    for at, message in enumerate(messages):
        answered = _results(at, message, asked)
        _refuse_unanswered(at - 1, [each for each in asked if each not in answered])
        asked = [block.id or "" for block in message.of("tool_use")]
    _refuse_unanswered(len(messages) - 1, asked)


def _results(at: int, message: Message, asked: list[str]) -> Counter[str]:
    """The ids of the results with which the message begins. Results that follow another block are not seen as answers."""
    found: Counter[str] = Counter()
    leading = True
    for index, block in enumerate(message.blocks):
        leading = leading and block.type == "tool_result"
        if block.type == "tool_result" and block.tool_use_id is not None:
            if block.tool_use_id not in asked:
                raise RequestError(_UNASKED.format(at, index, block.tool_use_id))
            found[block.tool_use_id] += leading
            if found[block.tool_use_id] > 1:
                raise RequestError(_ANSWERED_TWICE.format(at, index, block.tool_use_id))
    return +found


def _refuse_unanswered(at: int, ids: list[str]) -> None:
    if ids:
        raise RequestError(_UNANSWERED.format(at, ", ".join(ids)))


def _check_thinking(request: MessagesRequest, *, own: bool) -> None:
    """Thinking comes back as it was given, in the turns since the user spoke also at its place: earlier it may be left out."""
    spoken = max((at for at, message in enumerate(request.messages) if message.role == "user" and message.of("text")), default=0)
    for at, message in enumerate(request.messages):
        for index, block in enumerate(message.blocks):
            _check_signature(f"messages.{at}.content.{index}", block, own=own)
        if at > spoken and message.role == "assistant":
            _check_place(at, message)
    last = request.messages[-2] if len(request.messages) > 1 else None
    if request.thinking is not None and request.thinking.type == "enabled" and last is not None and last.of("tool_use"):
        first = last.blocks[0].type
        if first not in _THOUGHTS:
            raise RequestError(_THINKING_FIRST.format(len(request.messages) - 2, first))


def _check_signature(where: str, block: Block, *, own: bool) -> None:
    given = block.signature
    if block.type != "thinking" or given is None or signs(given, block.thinking):
        return
    if is_ours(given):
        _, at, _, index = where.split(".")
        raise RequestError(_CHANGED.format(at, index))
    if own:
        raise RequestError(f"{where}: Invalid `signature` in `thinking` block")


def _check_place(at: int, message: Message) -> None:
    """The scripted model's ids show which calls came after thinking."""
    thought = bool(message.blocks) and message.blocks[0].type in _THOUGHTS
    called = any((block.id or "").startswith(f"toolu_{BESIDE_REASONING}") for block in message.of("tool_use"))
    if called and not thought:
        raise RequestError(_CHANGED.format(at, 0))
