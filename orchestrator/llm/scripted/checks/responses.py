"""What OpenAI's Responses refuse, in OpenAI's words. DeepSeek's and Azure's rules are the stricter ones and are checked too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.llm.scripted.checks.openai import check_parallel_flag, check_tool_name, refusal
from orchestrator.llm.scripted.forms.responses import Item, NamedTool, ResponsesRequest
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.signatures import is_ours, signs

_UNANSWERED = "No tool output found for function call {}."
_UNASKED = "No tool call found for function call output with call_id {}."
_TWICE = "Duplicate item found with id {}. Remove duplicate items from your input and try again."
_WITHOUT_ITEM = "Item '{}' of type 'reasoning' was provided without its required following item."
_WITHOUT_REASONING = "Item '{}' of type '{}' was provided without its required 'reasoning' item: '{}'."
_UNVERIFIED = "The encrypted content for item {} could not be verified."

_REQUIRED: Final = {"function_call": ("call_id", "name", "arguments"), "function_call_output": ("call_id", "output"), "message": ("role",)}
#: The id of an item that the scripted model gave after a reasoning item.
_AFTER_REASONING: Final = re.compile(r"(?:fc|msg)_r(?P<unique>[0-9a-f]{32})0000")


def check(body: Any, *, own: bool = False) -> ResponsesRequest:
    """The request. Raises RequestError. `own`: the server itself keeps nothing and gave all reasoning that comes back."""
    try:
        request = ResponsesRequest.model_validate(body)
    except ValidationError as error:
        raise refusal(error, body) from None
    _check_options(request)
    if own and request.previous_response_id is not None:
        message = f"Previous response with id '{request.previous_response_id}' not found."
        raise RequestError(message, "previous_response_id", "previous_response_not_found")
    for where, name in _tool_names(request):
        check_tool_name(where, name)
    _check_items(request.items)
    _check_reasoning(request.items, own=own)
    _check_pairs(request.items, continued=request.previous_response_id is not None)
    return request


def _check_options(request: ResponsesRequest) -> None:
    check_parallel_flag(request.model, request.tools, flag=request.parallel_tool_calls)
    if request.tool_choice not in {None, "auto", "none"} and not request.tools:
        raise RequestError("Tool choices other than 'auto' require 'tools' to be specified.", "tool_choice")
    for position, tool in enumerate(request.tools):
        if tool.type == "function" and not tool.name:
            where = f"tools[{position}].name"
            raise RequestError(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    if isinstance(request.tool_choice, NamedTool) and request.tool_choice.type == "function":
        name = request.tool_choice.name
        if all(tool.name != name for tool in request.functions):
            raise RequestError(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _tool_names(request: ResponsesRequest) -> Iterator[tuple[str, str]]:
    for position, tool in enumerate(request.tools):
        if tool.type == "function":
            yield f"tools[{position}].name", tool.name
    for position, item in enumerate(request.items):
        if item.type == "function_call" and item.name is not None:
            yield f"input[{position}].name", item.name


def _check_items(items: tuple[Item, ...]) -> None:
    """Each has what its type needs, and an id of its own."""
    seen: set[str] = set()
    for position, item in enumerate(items):
        for name in _REQUIRED.get(item.type, ()):
            if getattr(item, name) is None:
                where = f"input[{position}].{name}"
                raise RequestError(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
        if item.id is not None and item.id in seen:
            raise RequestError(_TWICE.format(item.id), "input")
        seen |= {item.id} if item.id is not None else set()


def _check_reasoning(items: tuple[Item, ...], *, own: bool) -> None:
    """Reasoning comes back with the item that followed it, and that item with its reasoning."""
    for position, item in enumerate(items):
        before = items[position - 1] if position else None
        after = items[position + 1] if position + 1 < len(items) else None
        if item.type == "reasoning" and item.id is not None:
            _check_signature(item, item.id, own=own)
            if after is None or after.id is None or not after.is_from_model:
                raise RequestError(_WITHOUT_ITEM.format(item.id), "input")
        given = _AFTER_REASONING.fullmatch(item.id or "")
        if given and (before is None or before.id != f"rs_{given['unique']}"):
            raise RequestError(_WITHOUT_REASONING.format(item.id, item.type, f"rs_{given['unique']}"), "input")


def _check_signature(item: Item, identity: str, *, own: bool) -> None:
    given = item.encrypted_content
    if given is not None and (own or is_ours(given)) and not signs(given, identity):
        raise RequestError(_UNVERIFIED.format(identity), code="invalid_encrypted_content")


def _check_pairs(items: tuple[Item, ...], *, continued: bool) -> None:
    """From a batch of calls to the last of its outputs nobody speaks and nothing else is called, and no output is without its call.
    A request that continues a stored response begins with the outputs of calls that it does not hold."""
    batch = _Batch(answering=continued, may_be_stored=continued)
    for item in items:
        if item.type == "function_call" and item.call_id is not None:
            batch.call(item.call_id, later=item.is_async)
        elif item.type == "function_call_output" and item.call_id is not None:
            batch.answer(item.call_id)
        elif item.type == "message":
            batch.end()
    batch.end()


@dataclass(slots=True)
class _Batch:
    """The calls that are open. What is called asynchronously may be answered at any later time."""

    answering: bool
    may_be_stored: bool
    open: list[str] = field(default_factory=list[str])
    later: set[str] = field(default_factory=set[str])

    def call(self, call_id: str, *, later: bool) -> None:
        if self.answering:
            self.end()
        self.answering = self.may_be_stored = False
        if later:
            self.later.add(call_id)
        else:
            self.open.append(call_id)

    def answer(self, call_id: str) -> None:
        if call_id in self.open:
            self.answering = True
            self.open.remove(call_id)
        elif call_id in self.later:
            self.later.remove(call_id)
        elif not self.may_be_stored:
            raise RequestError(_UNASKED.format(call_id), "input")

    def end(self) -> None:
        self.may_be_stored = False
        if self.open:
            raise RequestError(_UNANSWERED.format(self.open[0]), "input")
