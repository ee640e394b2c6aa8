"""The filters of a list of runs that are named after the callers' own labels: metadata[key]=value."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from orchestrator.api.fields import path
from orchestrator.api.refusals import InvalidRequest
from orchestrator.schemas.problem import FieldError

_LABEL: Final = re.compile(r"metadata\[(?P<key>.{1,64})\]", re.DOTALL)
_MAX_VALUE: Final = 512
_OTHERS: Final = frozenset({"limit", "after", "status"})

#: For OpenAPI, which names such parameters by their common part.
PARAMETER: Final[dict[str, Any]] = {
    "name": "metadata",
    "in": "query",
    "style": "deepObject",
    "explode": True,
    "description": "Only runs with this metadata, for example `metadata[customer]=c_42`. Several must all be there.",
    "schema": {"type": "object", "additionalProperties": {"type": "string", "maxLength": _MAX_VALUE}},
}


async def _labels(request: Request) -> dict[str, str]:
    return read(request.query_params.multi_items())


def read(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The labels among a query's parameters. Raises InvalidRequest for one that is unknown, doubled or impossible."""
    seen: set[str] = set()
    labels: dict[str, str] = {}
    for name, value in parameters:
        label = _LABEL.fullmatch(name)
        if problem := _problem(name, value, known=label is not None or name in _OTHERS, doubled=name in seen):
            raise InvalidRequest([FieldError(field=path([name]), message=problem)])
        seen.add(name)
        if label:
            labels[label["key"]] = value
    return labels


def _problem(name: str, value: str, *, known: bool, doubled: bool) -> str | None:
    if not known:
        return "Unknown parameter."
    if doubled:
        return "The parameter is given twice."
    if "\0" in name + value or len(value) > _MAX_VALUE:
        return f"A value has at most {_MAX_VALUE} characters and no NUL."
    return None


Labels = Annotated[dict[str, str], Depends(_labels)]
