"""A provider's failures as ModelErrors: which may pass when tried again, and what to tell the user about the others.

The table follows what OpenAI, Azure OpenAI, Anthropic, Google and OpenRouter documented by November 2026.
"""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple, cast

from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable


class Reason(NamedTuple):
    """Why a call failed: our stable word, and what to do about it."""

    code: str
    message: str


TIMED_OUT: Final = Reason("provider_timeout", "The model provider did not answer in time. Try again, or allow the model call more time.")
UNREACHABLE: Final = Reason(
    "provider_unreachable",
    "The model provider could not be reached, or broke the connection. Check OPENAI_BASE_URL and the network, then try again.",
)
_RATE_LIMITED: Final = Reason(
    "rate_limited", "The model provider limits the rate of requests. Try again later, or ask the provider for a higher limit."
)
_BUSY: Final = Reason("provider_unavailable", "The model provider is overloaded or has an internal error. Try again later.")
_ERROR_ANSWER: Final = Reason("provider_error", "The model provider answered with an error instead of a reply. Try again later.")
_QUOTA: Final = Reason(
    "quota_exhausted", "The credit or the spending limit at the model provider is used up. Add credit or raise the limit there."
)
_KEY: Final = Reason(
    "authentication_failed", "The model provider does not accept the API key. Set OPENAI_API_KEY to a key that is valid at OPENAI_BASE_URL."
)
_FILTERED: Final = Reason("content_filter", "The content filter of the model provider refused the messages. Change them.")
_TOO_LONG: Final = Reason(
    "context_length_exceeded",
    "The messages and tools are longer than the model can read. Shorten them, or choose a model with a larger context.",
)
_NO_MODEL: Final = Reason(
    "model_not_found", "The provider has no such model, deployment or path. Check the name of the model and OPENAI_BASE_URL."
)
_INVALID: Final = Reason(
    "invalid_request", "The model provider refused the request as invalid. Check the model's name, the options and the tools."
)

#: Words of an error body that mean: no wait will help.
_NAMED: Final[Mapping[str, Reason]] = {
    "insufficient_quota": _QUOTA,
    "credit_balance_exhausted": _QUOTA,
    "organization_spend_limit_exceeded": _QUOTA,
    "project_spend_limit_exceeded": _QUOTA,
    "organization_usage_limit_exceeded": _QUOTA,
    "enforced_spend_limit_reached": _QUOTA,
    "quota_exceeded": _QUOTA,
    "content_filter": _FILTERED,
    "context_length_exceeded": _TOO_LONG,
    "model_not_found": _NO_MODEL,
    "deploymentnotfound": _NO_MODEL,
    "invalid_api_key": _KEY,
}
_BY_STATUS: Final[Mapping[int, Reason]] = {
    401: _KEY,
    402: _QUOTA,
    403: Reason("permission_denied", "The API key may not use this model. Allow it at the provider, or choose another model."),
    404: _NO_MODEL,
    413: _TOO_LONG,
    429: _RATE_LIMITED,
}
# A word of a protocol: what a provider may say without showing a prompt or a key, which hold spaces, capitals or dashes.
_SAFE_WORD: Final = re.compile(r"[a-z][a-z0-9_.\[\]]{1,63}")


def of_status(status: int, body: object, headers: Mapping[str, str]) -> ModelError:
    """An answer with a status of failure."""
    named = _named(_words(body))
    if named is None and _is_transient(status, headers):
        kind, reason, retryable = ModelUnavailable, _RATE_LIMITED if status in {402, 429} else _BUSY, True
    else:
        kind, reason, retryable = ModelRefused, named or _hinted(_reason(status), body), False
    return kind(*reason, retryable=retryable, retry_after_s=retry_after_s(headers), status=status, request_id=request_id(headers))


def of_body(error: object, request_id: str | None) -> ModelError:
    """The error that came as the body of an answer with status 200, as OpenRouter and other gateways send it once the
    model has started."""
    words = _words(error)
    status = _status(error)
    final = _named(words) or (None if status is None or _is_transient(status, {}) else _reason(status))
    if final is None and "invalid_request_error" in words:
        final = _INVALID
    if final is not None:
        return ModelRefused(*final, retryable=False, status=status, request_id=request_id)
    return ModelProtocolError(*_ERROR_ANSWER, retryable=True, status=status, request_id=request_id)


def request_id(headers: Mapping[str, str]) -> str | None:
    """The provider's name for the call: OpenAI and compatible servers, Anthropic, Azure's gateway."""
    return headers.get("x-request-id") or headers.get("request-id") or headers.get("apim-request-id")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The wait that the provider asks for: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    wait_ms = _number(headers.get("retry-after-ms"))
    wait_s = wait_ms / 1000 if wait_ms is not None else _number(headers.get("retry-after"))
    if wait_s is None:
        wait_s = _seconds_until(headers.get("retry-after"))
    return wait_s if wait_s is not None and wait_s > 0 else None


def _is_transient(status: int, headers: Mapping[str, str]) -> bool:
    if (told := headers.get("x-should-retry")) in {"true", "false"}:
        return told == "true"
    if status == 402:  # noqa: PLR2004 - OpenRouter: the credit that is only held by calls under way comes back.
        return "retry-after" in headers
    return status in {408, 409, 429} or status >= 500  # noqa: PLR2004 - server errors, 529 of Anthropic among them.


def _reason(status: int) -> Reason:
    return _BY_STATUS.get(status, _INVALID)


def _hinted(reason: Reason, body: object) -> Reason:
    """An invalid request, with the provider's own words for what is wrong where they are plain words."""
    if reason is not _INVALID:
        return reason
    said = [(key, value) for key in ("code", "param") if isinstance(value := _fields(body).get(key), str)]
    hints = [f"the {key} {value}" for key, value in said if _SAFE_WORD.fullmatch(value)]
    return Reason(reason.code, f"{reason.message} It names {' and '.join(hints)}.") if hints else reason


def _named(words: frozenset[str]) -> Reason | None:
    return next((_NAMED[word] for word in sorted(words) if word in _NAMED), None)


def _words(body: object) -> frozenset[str]:
    fields = _fields(body)
    details = _fields(fields.get("details"))
    values = (fields.get("code"), fields.get("type"), details.get("error_code"))
    return frozenset(value.lower() for value in values if isinstance(value, str))


def _status(body: object) -> int | None:
    code = str(_fields(body).get("code"))
    return int(code) if re.fullmatch(r"[45]\d\d", code) else None


def _fields(body: object) -> Mapping[str, Any]:
    """The error's fields. Google wraps its error in a list, gateways may leave the envelope on."""
    if isinstance(body, list) and body:
        body = cast("list[object]", body)[0]
    if not isinstance(body, Mapping):
        return {}
    fields = cast("Mapping[str, Any]", body)
    inner = fields.get("error")
    return cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else fields


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _seconds_until(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - time.time() if date else None
    except (ValueError, OverflowError):
        return None
