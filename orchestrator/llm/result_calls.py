"""Calls that are not executed because they are a run's result: each is judged by its tool's schema, and answered at once."""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from orchestrator.forms import fit
from tasks.arguments import InvalidArguments, parse_object
from tasks.messages import CallOutcome, Outcome

#: What the model reads of a call that is valid.
_ACCEPTED: Final = CallOutcome(outcome=Outcome.SUCCEEDED, content='{"accepted":true}')


def answer(arguments: str, schema: Mapping[str, JsonValue]) -> CallOutcome:
    """Accepts the call, or tells the model what is wrong with it."""
    try:
        problems = fit.problems(schema, parse_object(arguments))
    except InvalidArguments as error:
        problems = (str(error),)
    if not problems:
        return _ACCEPTED
    message = f"Not accepted: {' '.join(problems)} Make this call again with valid arguments; do not repeat calls that were accepted."
    return CallOutcome.of_error(Outcome.FAILED, "invalid_arguments", message)
