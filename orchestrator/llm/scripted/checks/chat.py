"""What OpenAI's chat completions refuse, in OpenAI's words."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from orchestrator.llm.scripted.checks.openai import check_parallel_flag, check_tool_name, refusal
from orchestrator.llm.scripted.refusal import RequestError
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest, NamedChoice

_UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "The following tool_call_ids did not have response messages: {}"
)
_UNASKED = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
_NO_ID = "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'."


def check(body: Any) -> ChatRequest:
    """The request. Raises RequestError."""
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as error:
        raise refusal(error, body) from None
    _check_options(request)
    for where, name in _tool_names(request):
        check_tool_name(where, name)
    _check_transcript(request.messages)
    return request


def _check_options(request: ChatRequest) -> None:
    """The options that mean something only beside others."""
    check_parallel_flag(request.model, request.tools, flag=request.parallel_tool_calls)
    if request.tool_choice is not None and not request.tools:
        raise RequestError("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    if request.stream_options is not None and not request.stream:
        raise RequestError("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if isinstance(request.tool_choice, NamedChoice):
        name = request.tool_choice.function.name
        if all(function.name != name for function in request.functions):
            raise RequestError(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _tool_names(request: ChatRequest) -> Iterator[tuple[str, str]]:
    """The names of the tools, and of the calls that the transcript holds."""
    for position, function in enumerate(request.functions):
        yield f"tools[{position}].function.name", function.name
    for position, message in enumerate(request.messages):
        for index, call in enumerate(message.calls):
            yield f"messages[{position}].tool_calls[{index}].function.name", call.function.name


def _check_transcript(messages: tuple[ChatMessage, ...]) -> None:
    """Each call is answered by a tool message before anybody else speaks, and each tool message answers a call."""
    asked: Counter[str] = Counter()
    open_ids: list[str] = []
    for position, message in enumerate(messages):
        if message.role == "tool":
            open_ids = _answered(message, position, asked, open_ids)
            continue
        _refuse_unanswered(open_ids, position)
        asked = Counter(call.id for call in message.calls)
        open_ids = list(asked)
    _refuse_unanswered(open_ids, len(messages))


def _answered(message: ChatMessage, position: int, asked: Counter[str], open_ids: list[str]) -> list[str]:
    """The ids that are still open after this tool message. No id has more answers than calls."""
    if message.tool_call_id is None:
        raise RequestError(_NO_ID, f"messages.[{position}].tool_call_id")
    if not asked[message.tool_call_id]:
        raise RequestError(_UNASKED, f"messages.[{position}].role")
    asked[message.tool_call_id] -= 1
    return [each for each in open_ids if each != message.tool_call_id]


def _refuse_unanswered(open_ids: list[str], position: int) -> None:
    if open_ids:
        raise RequestError(_UNANSWERED.format(", ".join(open_ids)), f"messages.[{position}].role")
