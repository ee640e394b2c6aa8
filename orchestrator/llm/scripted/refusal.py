"""A request that the provider would refuse."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from orchestrator.llm.scripted.loading import explain, path


class RequestError(Exception):
    """A request that the provider would refuse, in its words. How the error is written is the wire's business."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status


class Flaw(NamedTuple):
    """The first thing that is wrong with a body's form: its place, such as `messages[0].role`, pydantic's type and pydantic's words."""

    where: str
    type: str
    said: str


def read_json(body: bytes) -> JsonValue:
    """The value of a body. Raises ValueError when it is no JSON."""
    value: JsonValue = from_json(body)
    return value


def first_flaw(error: ValidationError, body: Any) -> Flaw:
    """Of the members of a union, the one that fits furthest is meant. Raises RequestError for a flaw of the request's own script,
    which no provider knows."""
    first = max(error.errors(include_url=False), key=lambda each: len(each["loc"]))
    where = path(first["loc"], body)
    if where.split(".", 1)[0].split("[", 1)[0] == "script":
        raise RequestError("; ".join(explain(error, body)), where, "invalid_script") from None
    return Flaw(where, first["type"], first["msg"].removeprefix("Value error, "))


def unknown_keys(body: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """The keys that the provider does not know, in the body's order."""
    allowed = {*known, "script"}
    return [key for key in body if key not in allowed]
