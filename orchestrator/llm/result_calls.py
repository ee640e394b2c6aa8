"""Calls that are not executed because they are a run's result: each is judged by its tool's schema, and answered at once."""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from orchestrator.forms import fit
from tasks.arguments import InvalidArguments, parse_object
from tasks.messages import CallError, CallOutcome, Outcome

#: What the model reads of a call that is valid.
_ACCEPTED: Final = CallOutcome(outcome=Outcome.SUCCEEDED, content='{"accepted":true}')
#: What the model reads after the problem; the caller reads the problem alone.
_AGAIN: Final = "Make this call again with valid arguments; do not repeat calls that were accepted."


def answer(arguments: str, schema: Mapping[str, JsonValue]) -> CallOutcome:
    """Accepts the call, or tells the model what is wrong with it."""
    try:
        problems = fit.problems(schema, parse_object(arguments))
    except InvalidArguments as error:
        problems = (str(error),)
    if not problems:
        return _ACCEPTED
    error = CallError(code="invalid_arguments", message=" ".join(problems))
    told = CallOutcome.of_error(Outcome.FAILED, error.code, f"Not accepted: {error.message} {_AGAIN}")
    return told.model_copy(update={"error": error})
