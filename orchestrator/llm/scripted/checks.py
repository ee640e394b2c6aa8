"""What the provider refuses, in the provider's words."""

from collections.abc import Iterator
from typing import Final

from pydantic import ValidationError

from orchestrator.llm.scripted.loading import explain, line, parsed, path
from orchestrator.llm.scripted.request import ChatMessage, ChatRequest, NamedChoice
from tasks.names import TOOL_NAME

_UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "The following tool_call_ids did not have response messages: {}"
)
_UNASKED = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
_NO_ID = "Missing parameter 'tool_call_id': messages with role 'tool' must have a 'tool_call_id'."
_BAD_NAME = "Invalid '{}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
_LONG_NAME = "Invalid '{}': string too long. Expected a string with maximum length 64, but got a string with length {} instead."

_LONGEST_NAME: Final = 64


class RequestError(Exception):
    """A request that the provider would refuse."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status


def read_request(body: bytes) -> ChatRequest:
    """The request, checked. Raises RequestError."""
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error, body) from None
    _check_options(request)
    _check_tool_names(request)
    _check_transcript(request.messages)
    return request


def _refusal(error: ValidationError, body: bytes) -> RequestError:
    """The first thing that is wrong with the body's form, as OpenAI says it."""
    first = error.errors(include_url=False)[0]
    where = path(first["loc"], parsed(body))
    if first["type"] == "json_invalid":
        return RequestError("We could not parse the JSON body of your request. The API expects a JSON payload.")
    if where == "model":
        return RequestError("you must provide a model parameter")
    if where.startswith("script"):
        return RequestError("; ".join(explain(error, body)), where, "invalid_script")
    if first["type"] == "missing":
        return RequestError(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    if first["type"] == "too_short":
        return RequestError(f"Invalid '{where}': empty array. Expected an array with minimum length 1.", where, "empty_array")
    return RequestError(line(f"Invalid value for '{where}'" if where else "Invalid body", first["msg"]), where or None, "invalid_value")


def _check_options(request: ChatRequest) -> None:
    """The options that mean something only beside others."""
    for name in ("parallel_tool_calls", "tool_choice"):
        if getattr(request, name) is not None and not request.tools:
            raise RequestError(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    if request.stream_options is not None and not request.stream:
        raise RequestError("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if isinstance(request.tool_choice, NamedChoice):
        name = request.tool_choice.function.name
        if all(function.name != name for function in request.functions):
            raise RequestError(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _check_tool_names(request: ChatRequest) -> None:
    """The names of the tools, and of the calls that the transcript holds."""
    for where, name in _tool_names(request):
        if len(name) > _LONGEST_NAME:
            raise RequestError(_LONG_NAME.format(where, len(name)), where, "string_above_max_length")
        if not TOOL_NAME.fullmatch(name):
            raise RequestError(_BAD_NAME.format(where), where, "invalid_value")


def _tool_names(request: ChatRequest) -> Iterator[tuple[str, str]]:
    for position, function in enumerate(request.functions):
        yield f"tools[{position}].function.name", function.name
    for position, message in enumerate(request.messages):
        for index, call in enumerate(message.calls):
            yield f"messages[{position}].tool_calls[{index}].function.name", call.function.name


def _check_transcript(messages: tuple[ChatMessage, ...]) -> None:
    """Each call is answered by a tool message before anybody else speaks, and each tool message answers a call."""
    asked: set[str] = set()
    open_ids: list[str] = []
    for position, message in enumerate(messages):
        if message.role == "tool":
            open_ids = _answered(message, position, asked, open_ids)
            continue
        _refuse_unanswered(open_ids, position)
        open_ids = list(dict.fromkeys(call.id for call in message.calls))
        asked = set(open_ids)
    _refuse_unanswered(open_ids, len(messages))


def _answered(message: ChatMessage, position: int, asked: set[str], open_ids: list[str]) -> list[str]:
    """The ids that are still open after this tool message."""
    if message.tool_call_id is None:
        raise RequestError(_NO_ID, f"messages.[{position}].tool_call_id")
    if message.tool_call_id not in asked:
        raise RequestError(_UNASKED, f"messages.[{position}].role")
    return [each for each in open_ids if each != message.tool_call_id]


def _refuse_unanswered(open_ids: list[str], position: int) -> None:
    if open_ids:
        raise RequestError(_UNANSWERED.format(", ".join(open_ids)), f"messages.[{position}].role")
