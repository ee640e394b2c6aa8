"""Pydantic's errors in the words of the request: the field's place and what is wrong with it, never its value."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.schemas.base import IN_FIELD
from orchestrator.schemas.problem import FieldError
from orchestrator.schemas.request import HINTS

#: So many errors are told of one request.
MAX_ERRORS: Final = 20
#: So many characters of a field's name are told, which may be the caller's own.
_MAX_NAME: Final = 100

_IN_PARAMETERS: Final = ("query", "path", "header", "cookie")


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """The first of the errors that pydantic found."""
    return [FieldError(field=_field(error), message=_message(error)) for error in errors[:MAX_ERRORS]]


def path(pieces: Sequence[str | int]) -> str:
    """A place in the request, such as messages.3.content."""
    return ".".join(str(piece)[:_MAX_NAME] for piece in pieces)


def _field(error: Mapping[str, Any]) -> str:
    pieces: list[str | int] = [piece for piece in error["loc"] if not _is_tag(piece)]
    if pieces and pieces[0] in _IN_PARAMETERS:
        pieces = pieces[1:]
    if error["type"].startswith(IN_FIELD):
        pieces.append(error["type"].removeprefix(IN_FIELD))
    return path(pieces)


def _is_tag(piece: str | int) -> bool:
    """Whether the piece names a union's branch, or says that a key is meant, and no field."""
    return isinstance(piece, str) and (piece == "[key]" or (piece.startswith("<") and piece.endswith(">")))


def _message(error: Mapping[str, Any]) -> str:
    if error["type"] != "extra_forbidden":
        return error["msg"]
    hint = HINTS.get(error["loc"][0]) if len(error["loc"]) == 1 else None
    return f"Unknown field. {hint}" if hint else "Unknown field."
