"""What OpenAI refuses in both of its formats."""

import re
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.llm.scripted.loading import line
from orchestrator.llm.scripted.refusal import RequestError, first_flaw
from tasks.names import TOOL_NAME

_BAD_NAME = "Invalid '{}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
_LONG_NAME = "Invalid '{}': string too long. Expected a string with maximum length 64, but got a string with length {} instead."
_LONGEST_NAME: Final = 64
#: They call tools one at a time and know no flag for it.
_WITHOUT_PARALLEL_FLAG: Final = re.compile(r"(?:o1|o3|o4-mini)(?:-.+)?")


def refusal(error: ValidationError, body: Any) -> RequestError:
    """The first thing that is wrong with the body's form."""
    where, kind, said = first_flaw(error, body)
    if where == "model":
        return RequestError("you must provide a model parameter")
    if kind == "missing":
        return RequestError(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")
    if kind == "too_short":
        return RequestError(f"Invalid '{where}': empty array. Expected an array with minimum length 1.", where, "empty_array")
    return RequestError(line(f"Invalid value for '{where}'" if where else "Invalid body", said), where or None, "invalid_value")


def check_tool_name(where: str, name: str) -> None:
    """Raises RequestError."""
    if len(name) > _LONGEST_NAME:
        raise RequestError(_LONG_NAME.format(where, len(name)), where, "string_above_max_length")
    if not TOOL_NAME.fullmatch(name):
        raise RequestError(_BAD_NAME.format(where), where, "invalid_value")


def check_parallel_flag(model: str, tools: object, *, flag: bool | None) -> None:
    """Raises RequestError where `parallel_tool_calls` is given to a model or with a request that has no use for it."""
    name = "parallel_tool_calls"
    if flag is None:
        return
    if not tools:
        raise RequestError(f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name)
    if _WITHOUT_PARALLEL_FLAG.fullmatch(model):
        raise RequestError(f"Unsupported parameter: '{name}' is not supported with this model.", name, "unsupported_parameter")
