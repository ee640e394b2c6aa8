"""Every refusal as application/problem+json (RFC 9457), with words for people and a code for programs."""

import secrets
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from orchestrator.api.fields import field_errors
from orchestrator.api.refusals import BodyTooLarge, BodyTooSlow, InvalidRequest
from orchestrator.database import is_transient
from orchestrator.errors import Refusal, Unavailable
from orchestrator.schemas.problem import FieldError, Problem

MEDIA_TYPE: Final = "application/problem+json"
_MAX_INSTANCE: Final = 200
_DETAILS: Final = {404: "There is nothing at this path. See /openapi.json.", 405: "This path does not take this method."}

_log = structlog.get_logger(__name__)


def problem(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that says what was wrong with a request."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=quote(scope["path"][:_MAX_INSTANCE]),
        code=code,
        request_id=scope["state"]["request_id"],
        errors=list(errors),
    )
    return Response(body.model_dump_json(), status, headers, MEDIA_TYPE)


def unexpected(scope: Scope, error: Exception) -> Response:
    """The answer to a fault of ours. The log gets its kind and place only: its words may hold what was posted."""
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "unexpected_error",
        error=type(error).__name__,
        at=[f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    )
    return problem(scope, 500, "internal_error", "Something went wrong on our side. The request id helps the operator to find it.")


def refused(scope: Scope, error: Refusal) -> Response:
    """The answer that says why."""
    return problem(scope, error.status, error.code, error.message, errors=_errors(error), headers=_headers(error))


async def _refused(request: Request, error: Refusal) -> Response:
    return refused(request.scope, error)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    return await _refused(request, InvalidRequest(field_errors(error.errors())))


async def _http(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    detail = _DETAILS.get(status, status.description or status.phrase)
    return problem(request.scope, error.status_code, status.name.lower(), detail, headers=headers)


def _allowed(request: Request) -> list[str]:
    """All methods that the path takes. Starlette names those of one route only, and each of ours has one."""
    return [
        method
        for method in ("GET", "HEAD", "POST")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("unavailable", error=type(error).__name__, cause=type(getattr(error, "orig", None)).__name__)
    return await _refused(request, Unavailable())


async def _database(request: Request, error: DBAPIError) -> Response:
    if is_transient(error):
        return await _unavailable(request, error)
    raise error


def _errors(error: Refusal) -> Sequence[FieldError]:
    if isinstance(error, InvalidRequest):
        return error.errors
    return [FieldError(field=error.field, message=error.message)] if error.field else []


def _headers(error: Refusal) -> dict[str, str]:
    if error.retry_after_s:
        return {"Retry-After": str(secrets.choice(error.retry_after_s))}
    # The rest of the body may still come; it is not read.
    return {"Connection": "close"} if isinstance(error, BodyTooLarge | BodyTooSlow) else {}


#: Who answers which exception. What is not named here is a fault of ours.
HANDLERS: Final[dict[Any, Any]] = {
    Refusal: _refused,
    RequestValidationError: _invalid,
    HTTPException: _http,
    DBAPIError: _database,
    PoolTimeoutError: _unavailable,
}
