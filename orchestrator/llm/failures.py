"""A provider's failures as ModelErrors: which may pass when tried again, and what to tell the user about the others.

The table follows what OpenAI, Azure OpenAI, Anthropic, Google and OpenRouter documented by November 2026.
"""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, NamedTuple

from orchestrator.llm.capabilities import Capabilities
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.provider import Provider
from orchestrator.llm.untrusted import items, mapping, mappings


class Reason(NamedTuple):
    """Why a call failed: our stable word, and what to do about it."""

    code: str
    message: str


TIMED_OUT: Final = Reason("provider_timeout", "The model provider did not answer in time. Try again, or allow the model call more time.")
UNREACHABLE: Final = Reason(
    "provider_unreachable",
    "The model provider could not be reached, or broke the connection. Check the network, then try again.",
)
_RATE_LIMITED: Final = Reason(
    "rate_limited", "The model provider limits the rate of requests. Try again later, or ask the provider for a higher limit."
)
_BUSY: Final = Reason("provider_unavailable", "The model provider is overloaded or has an internal error. Try again later.")
_ERROR_ANSWER: Final = Reason("provider_error", "The model provider answered with an error instead of a reply. Try again later.")
_QUOTA: Final = Reason(
    "quota_exhausted", "The model provider says that the credit or the spending limit is used up. Add credit or raise the limit there."
)
_KEY: Final = Reason("authentication_failed", "The model provider does not accept the API key.")
_FILTERED: Final = Reason("content_filter", "The model provider's content filter refused the messages. Change them.")
_TOO_LONG: Final = Reason(
    "context_length_exceeded",
    "The messages and tools are longer than the model can read. Shorten them, or choose a model with a larger context.",
)
_NO_MODEL: Final = Reason("model_not_found", "The model provider has no such model, deployment or path. Check the name of the model.")
_INVALID: Final = Reason(
    "invalid_request", "The model provider refused the request as invalid. Check the model's name, the options and the tools."
)

_BAD_CALLS: Final = Reason(
    "tool_use_failed", "The model wrote a tool call that its provider refused. Try again, or choose a model that is better at tool calls."
)

#: Whether the secrets or the other variables of a provider are to be checked after these failures.
_SETTINGS_OF: Final[Mapping[str, bool]] = {
    "authentication_failed": True,
    "model_misconfigured": False,
    "model_not_found": False,
    "provider_unreachable": False,
}

_BAD_REQUEST: Final = 400
_TOO_MANY: Final = 429
#: Groq checks the calls of an answer itself, and refuses them with this word as if the request were at fault.
_UNUSABLE_CALLS: Final = "tool_use_failed"
#: Stands for a quota of Google's that comes back the next day.
_DAILY: Final = "quota per day"
_RATE_WORDS: Final = frozenset({"rate_limit_exceeded", "rate_limit_error", "slow_down", "resource_exhausted"})
#: Words of an error without a status that mean: it may pass.
_BUSY_WORDS: Final = _RATE_WORDS | {"overloaded_error", "server_is_overloaded", "server_error", "unavailable", "api_error", "timeout_error"}
#: Words of an error body that mean: no wait will help.
_NAMED: Final[Mapping[str, Reason]] = {
    "insufficient_quota": _QUOTA,
    "credit_balance_exhausted": _QUOTA,
    "organization_spend_limit_exceeded": _QUOTA,
    "project_spend_limit_exceeded": _QUOTA,
    "organization_usage_limit_exceeded": _QUOTA,
    "enforced_spend_limit_reached": _QUOTA,
    "contract_spend_limit_reached": _QUOTA,
    "linked_organization_spend_limit_reached": _QUOTA,
    "billing_error": _QUOTA,
    "authentication_error": _KEY,
    "not_found_error": _NO_MODEL,
    "request_too_large": _TOO_LONG,
    "quota_exceeded": _QUOTA,
    _DAILY: _QUOTA,
    "content_filter": _FILTERED,
    "context_length_exceeded": _TOO_LONG,
    "model_not_found": _NO_MODEL,
    "deploymentnotfound": _NO_MODEL,
    "invalid_api_key": _KEY,
    "api_key_invalid": _KEY,  # Google says it with status 400.
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
    words = _words(body)
    waits = retry_after_s(headers) or _retry_delay_s(body)
    if status == _BAD_REQUEST and _UNUSABLE_CALLS in words:
        return ModelProtocolError(*_BAD_CALLS, retryable=True, status=status, request_id=request_id(headers))
    named, told = _named(words), _told(headers)
    if named is None and (_is_transient(status, headers) if told is None else told):
        reason = _RATE_LIMITED if status in {402, 429} else _BUSY
        error: ModelError = ModelUnavailable(*reason, retryable=True, retry_after_s=waits, status=status, request_id=request_id(headers))
        error.is_told = told is not None
        return error
    reason = named or _hinted(_reason(status), body)
    return ModelRefused(*reason, retryable=False, retry_after_s=waits, status=status, request_id=request_id(headers))


def of_body(error: object, request_id: str | None) -> ModelError:
    """The error that came as the body of an answer with status 200, or inside its stream, as OpenRouter and other gateways
    send it once the model has started."""
    words = _words(error)
    status = _status(error)
    final = _named(words) or (None if status is None or _is_transient(status, {}) else _reason(status))
    if final is None and "invalid_request_error" in words:
        final = _INVALID
    if final is not None:
        return ModelRefused(*final, retryable=False, status=status, request_id=request_id)
    if status is not None or words & _BUSY_WORDS:
        reason = _RATE_LIMITED if status == _TOO_MANY or words & _RATE_WORDS else _BUSY
        return ModelUnavailable(*reason, retryable=True, retry_after_s=_retry_delay_s(error), status=status, request_id=request_id)
    return ModelProtocolError(*_ERROR_ANSWER, retryable=True, request_id=request_id)


def unusable(message: str, request_id: str | None) -> ModelProtocolError:
    """An answer that holds no reply. One more try is worth it."""
    return ModelProtocolError("provider_protocol", message, retryable=True, request_id=request_id)


def unreadable(request_id: str | None) -> ModelProtocolError:
    """An answer that is no JSON object."""
    return unusable("The model provider's answer is not a JSON object. Check that its URL leads to the API.", request_id)


def broken_off(request_id: str | None) -> ModelUnavailable:
    """A stream that ended before the answer did."""
    return ModelUnavailable(*UNREACHABLE, retryable=True, request_id=request_id)


def told_of(error: ModelError, provider: Provider, capabilities: Capabilities) -> ModelError:
    """The same error, which now names its provider and where that is set up, and is retryable only with a status that is
    worth it there."""
    error.provider = provider.name
    error.message = error.message.replace("The model provider", provider.title)
    wanted = _SETTINGS_OF.get(error.code)
    names = [variable.name for variable in provider.variables if variable.is_secret is wanted]
    if names:
        error.message += f" Check {' and '.join(names)}."
    error.args = (error.message,)
    if error.status is not None and error.status not in capabilities.retried_statuses and not error.is_told:
        error.retryable = error.retryable and not isinstance(error, ModelUnavailable)
    return error


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


def _told(headers: Mapping[str, str]) -> bool | None:
    """Whether the provider itself says to try again."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", ""))


def _is_transient(status: int, headers: Mapping[str, str]) -> bool:
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
    """The provider's words for what is wrong, which Google puts into the details too."""
    fields = _fields(body)
    details = fields.get("details")
    named = [mapping(details).get("error_code"), *(detail.get("reason") for detail in mappings(details))]
    quotas = [violation.get("quotaId") for detail in mappings(details) for violation in mappings(detail.get("violations"))]
    values = [value.lower() for value in (fields.get("code"), fields.get("type"), fields.get("status"), *named) if isinstance(value, str)]
    return frozenset((*values, *(_DAILY for quota in quotas if "perday" in str(quota).lower())))


def _retry_delay_s(body: object) -> float | None:
    """The wait of Google's RetryInfo, such as `12.5s`."""
    delays = [detail.get("retryDelay") for detail in mappings(_fields(body).get("details"))]
    waits = [_number(delay.removesuffix("s")) for delay in delays if isinstance(delay, str)]
    return next((wait for wait in waits if wait is not None and wait > 0), None)


def _status(body: object) -> int | None:
    code = str(_fields(body).get("code"))
    return int(code) if re.fullmatch(r"[45]\d\d", code) else None


def _fields(body: object) -> Mapping[str, Any]:
    """The error's fields. Google wraps its error in a list, gateways may leave the envelope on."""
    wrapped = items(body)
    fields = mapping(wrapped[0] if wrapped else body)
    return mapping(fields.get("error")) or fields


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
