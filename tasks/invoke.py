"""One call of one tool, from the model's text to a typed outcome. Nothing that a tool does escapes as an exception."""

import asyncio
import inspect
import json
import math
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from tasks.arguments import InvalidArguments, parse_object
from tasks.context import ToolContext
from tasks.errors import RetryTool, ToolFailed, ToolInputError, ToolTimeout, UnserialisableResult
from tasks.messages import CallOutcome, Outcome
from tasks.tool import Tool, tool_of
from tasks.values import storable, to_json

#: Calls a function with arguments by name and gives its value: a pool's way to keep time. Raises ToolTimeout, and what
#: the function raises.
Runner = Callable[[Callable[..., object], Mapping[str, object]], object]

_MAX_MESSAGE: Final = 2000
_MAX_FRAMES: Final = 20
_MAX_WAIT_S: Final = 30.0
#: A tool may ask for a longer wait than the doubling one, but not for one without an end.
_LONGEST_WAIT_S: Final = 3600.0


def run_here(function: Callable[..., object], arguments: Mapping[str, object]) -> object:
    """Runs the function in this thread, without a time limit; an `async def` one in an event loop of its own, so not
    from inside a running one."""
    if inspect.iscoroutinefunction(function):
        return asyncio.run(function(**arguments))
    return function(**arguments)


def invoke(
    tool: Tool[..., object] | type[BaseModel],
    arguments: str | Mapping[str, Any],
    context: ToolContext | None = None,
    run: Runner = run_here,
) -> CallOutcome:
    """Reads and checks the arguments, runs the tool and writes its value. Whatever the tool does, it does not raise.

    Raises TypeError for a model class that is no tool.
    """
    called = tool_of(tool)
    if called is None:
        raise TypeError(f"{tool!r} is no tool: decorate it with @tool")
    context = context or ToolContext.fake()
    try:
        return _call(called, arguments, context, run)
    except BaseException as error:  # noqa: BLE001 - a tool's SystemExit or cancellation is an outcome like any other.
        return _outcome_of(error, called, context)


def _call(tool: Tool[..., object], arguments: str | Mapping[str, Any], context: ToolContext, run: Runner) -> CallOutcome:
    try:
        values = tool.parameters.validate(parse_object(_as_text(arguments)))
    except InvalidArguments as error:
        return _failed("invalid_arguments", str(error))
    if tool.parameters.context:
        values[tool.parameters.context] = context
    value = run(tool.function, values)
    content, truncated = to_json(value, tool.spec.max_result_bytes)
    return CallOutcome(outcome=Outcome.SUCCEEDED, content=content, truncated=truncated)


def _as_text(arguments: str | Mapping[str, Any]) -> str:
    if isinstance(arguments, str):
        return arguments
    try:
        return json.dumps(dict(arguments))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArguments(f"The arguments cannot be written as JSON: {error}.") from None


def _outcome_of(error: BaseException, tool: Tool[..., object], context: ToolContext) -> CallOutcome:
    match error:
        case ToolInputError():
            return _failed("tool_input_error", _words(error))
        case ToolFailed():
            return _failed("tool_failed", _words(error))
        case RetryTool():
            return _failed("retry_wanted", _words(error), _wait_s(error, context.attempt))
        case ToolTimeout():
            return CallOutcome.of_error(Outcome.TIMED_OUT, "timed_out", _words(error))
        case asyncio.CancelledError() if context.cancelled:
            return CallOutcome.of_error(Outcome.CANCELLED, "cancelled", "The run was cancelled while the tool ran.")
        case _:
            return _fault(error, tool, context)


def _fault(error: BaseException, tool: Tool[..., object], context: ToolContext) -> CallOutcome:
    """What the tool's author has to mend. The log says where; arguments, values and the error's own text may hold secrets
    and go nowhere."""
    context.logger.error(
        "tool_fault",
        tool=tool.spec.name,
        tool_call_id=context.tool_call_id,
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__, limit=-_MAX_FRAMES)),
    )
    if isinstance(error, UnserialisableResult):
        return _failed("unserialisable_result", _words(error))
    return _failed("tool_error", f"The tool failed with an internal error ({type(error).__name__}).")


def _failed(code: str, message: str, retry_in_s: float | None = None) -> CallOutcome:
    return CallOutcome.of_error(Outcome.FAILED, code, storable(message[:_MAX_MESSAGE]), retry_in_s)


def _words(error: BaseException) -> str:
    """What the error's author wrote for the model."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - a tool's own error class may do anything here.
        return type(error).__name__


def _wait_s(error: RetryTool, attempt: int) -> float:
    after_s = error.after_s
    if after_s is None or not math.isfinite(after_s):
        return min(_MAX_WAIT_S, 2.0 ** max(0, attempt - 1))
    return min(_LONGEST_WAIT_S, max(0.0, after_s))
