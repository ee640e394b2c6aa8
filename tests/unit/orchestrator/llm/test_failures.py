"""Which failures of a provider may pass, and what the others say."""

import time
from email.utils import formatdate
from typing import Any

import httpx2
import pytest

from orchestrator.llm import failures
from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable


def failed(status: int, error: object, headers: dict[str, str] | None = None) -> ModelError:
    """What becomes of an answer with this status and error body."""
    return failures.of_status(status, error, httpx2.Headers(headers or {}))


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        pytest.param(408, {}, "provider_unavailable", id="408"),
        pytest.param(409, {}, "provider_unavailable", id="409"),
        pytest.param(429, {"code": "rate_limit_exceeded"}, "rate_limited", id="429"),
        pytest.param(429, {"code": "slow_down"}, "rate_limited", id="429-slow-down"),
        pytest.param(429, [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}], "rate_limited", id="429-google"),
        pytest.param(500, None, "provider_unavailable", id="500"),
        pytest.param(502, "<html>", "provider_unavailable", id="502-html"),
        pytest.param(503, {"code": "server_is_overloaded"}, "provider_unavailable", id="503"),
        pytest.param(529, {"type": "overloaded_error"}, "provider_unavailable", id="529-anthropic"),
    ],
)
def test_failures_that_may_pass_are_retryable(status: int, error: object, code: str) -> None:
    """The provider is busy or broken, and the request is not at fault."""
    model_error = failed(status, error)
    assert isinstance(model_error, ModelUnavailable)
    assert (model_error.code, model_error.retryable, model_error.status) == (code, True, status)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        pytest.param(400, {"code": "invalid_value"}, "invalid_request", id="400"),
        pytest.param(400, {"code": "content_filter"}, "content_filter", id="400-azure-content-filter"),
        pytest.param(400, {"code": "context_length_exceeded"}, "context_length_exceeded", id="400-too-long"),
        pytest.param(401, {"code": "invalid_api_key"}, "authentication_failed", id="401"),
        pytest.param(402, {"code": 402}, "quota_exhausted", id="402-openrouter"),
        pytest.param(403, {}, "permission_denied", id="403"),
        pytest.param(404, {"code": "DeploymentNotFound"}, "model_not_found", id="404-azure"),
        pytest.param(404, "not found", "model_not_found", id="404"),
        pytest.param(413, {}, "context_length_exceeded", id="413"),
        pytest.param(422, {}, "invalid_request", id="422"),
        pytest.param(429, {"type": "insufficient_quota"}, "quota_exhausted", id="429-quota"),
        pytest.param(429, {"code": "credit_balance_exhausted"}, "quota_exhausted", id="429-credit"),
        pytest.param(429, {"code": "organization_spend_limit_exceeded"}, "quota_exhausted", id="429-organization-spend"),
        pytest.param(429, {"code": "project_spend_limit_exceeded"}, "quota_exhausted", id="429-project-spend"),
        pytest.param(429, {"code": "organization_usage_limit_exceeded"}, "quota_exhausted", id="429-organization-usage"),
        pytest.param(429, {"details": {"error_code": "enforced_spend_limit_reached"}}, "quota_exhausted", id="429-anthropic-spend"),
    ],
)
def test_failures_that_stay_are_refused(status: int, error: object, code: str) -> None:
    """Someone must change something before the call is made again."""
    model_error = failed(status, error)
    assert isinstance(model_error, ModelRefused)
    assert (model_error.code, model_error.retryable, model_error.status) == (code, False, status)


def test_credit_held_by_calls_under_way_comes_back() -> None:
    """OpenRouter's 402 with Retry-After is about its in-flight budget."""
    assert failed(402, {}, {"retry-after": "3"}).retryable


@pytest.mark.parametrize(("status", "told", "retryable"), [(400, "true", True), (500, "false", False), (500, "maybe", True)])
def test_the_provider_may_say_itself_whether_to_retry(status: int, told: str, retryable: bool) -> None:  # noqa: FBT001 - a table.
    """`x-should-retry` is obeyed."""
    assert failed(status, {}, {"x-should-retry": told}).retryable is retryable


def test_used_up_credit_is_final_whatever_the_header_says() -> None:
    """A wait brings no money."""
    assert not failed(429, {"code": "insufficient_quota"}, {"x-should-retry": "true"}).retryable


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        pytest.param({"retry-after": "7"}, 7, id="seconds"),
        pytest.param({"retry-after": "0.5"}, 0.5, id="fraction"),
        pytest.param({"retry-after-ms": "250", "retry-after": "7"}, 0.25, id="milliseconds-first"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7, id="bad-milliseconds"),
        pytest.param({"retry-after": "0"}, None, id="zero"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="nan"),
        pytest.param({"retry-after": "soon"}, None, id="words"),
        pytest.param({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None, id="date-in-the-past"),
        pytest.param({"retry-after": "Wed, 99 Foo 2015"}, None, id="no-date"),
        pytest.param({}, None, id="missing"),
    ],
)
def test_the_providers_wait_is_read_from_the_headers(headers: dict[str, str], wait_s: float | None) -> None:
    """In every form that providers use; what cannot be meant is left out."""
    assert failed(429, {}, headers).retry_after_s == wait_s


def google(status: str, *details: dict[str, Any]) -> list[dict[str, Any]]:
    """An error body of Google's."""
    return [{"error": {"code": 429, "status": status, "details": list(details)}}]


def test_googles_wait_is_in_the_body() -> None:
    """As a RetryInfo."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12.5s"}
    error = failed(429, google("RESOURCE_EXHAUSTED", {"reason": "RATE_LIMIT_EXCEEDED"}, info))
    assert (error.code, error.retryable, error.retry_after_s) == ("rate_limited", True, 12.5)


@pytest.mark.parametrize(
    "delay",
    [pytest.param("soon", id="words"), pytest.param(7, id="number"), pytest.param("-1s", id="negative"), pytest.param(None, id="null")],
)
def test_a_wait_that_cannot_be_meant_is_none(delay: object) -> None:
    """Our own backoff holds then."""
    assert failed(429, google("RESOURCE_EXHAUSTED", {"retryDelay": delay})).retry_after_s is None


def test_a_quota_of_the_day_is_not_waited_for() -> None:
    """It comes back tomorrow."""
    quota = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
    assert failed(429, google("RESOURCE_EXHAUSTED", quota)).code == "quota_exhausted"
    assert failed(429, google("RESOURCE_EXHAUSTED", {"violations": [{"quotaId": "GenerateRequestsPerMinute"}]})).code == "rate_limited"


def test_a_call_that_groq_refused_is_asked_for_once_more() -> None:
    """The model wrote it, not the user."""
    error = failed(400, {"code": "tool_use_failed", "failed_generation": "secret"})
    assert isinstance(error, ModelProtocolError)
    assert (error.code, error.retryable, "secret" in error.message) == ("tool_use_failed", True, False)


def test_the_providers_wait_may_be_a_date() -> None:
    """It is counted from now."""
    wait_s = failed(429, {}, {"retry-after": formatdate(time.time() + 100, usegmt=True)}).retry_after_s
    assert wait_s is not None
    assert 0 < wait_s <= 100


@pytest.mark.parametrize("header", ["x-request-id", "request-id", "apim-request-id"])
def test_the_providers_name_for_the_call_is_kept(header: str) -> None:
    """Support asks for it."""
    assert failed(500, {}, {header: "req_1"}).request_id == "req_1"


def test_an_invalid_request_names_the_field() -> None:
    """The provider's words for the code and the parameter tell what to change."""
    message = failed(400, {"code": "unsupported_parameter", "param": "parallel_tool_calls"}).message
    assert "the code unsupported_parameter and the param parallel_tool_calls" in message


SECRETS = ["sk-proj-abc", "My diary: dear Anna"]


@pytest.mark.parametrize("field", ["code", "param", "type", "message"])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_no_message_shows_a_key_a_prompt_or_the_drivers_text(status: int, field: str) -> None:
    """Users read these messages."""
    messages = [failed(status, {field: secret}).message for secret in SECRETS]
    assert not [secret for secret in SECRETS if any(secret in message for message in messages)]


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        pytest.param({"code": 502, "message": "upstream"}, ModelUnavailable, "provider_unavailable", id="openrouter"),
        pytest.param({"code": "429"}, ModelUnavailable, "rate_limited", id="status-as-text"),
        pytest.param({"type": "overloaded_error"}, ModelUnavailable, "provider_unavailable", id="anthropic-stream"),
        pytest.param({"type": "rate_limit_error"}, ModelUnavailable, "rate_limited", id="anthropic-rate"),
        pytest.param({"code": 429, "status": "RESOURCE_EXHAUSTED"}, ModelUnavailable, "rate_limited", id="google"),
        pytest.param({"type": "server_error"}, ModelUnavailable, "provider_unavailable", id="no-code"),
        pytest.param({"message": "x"}, ModelProtocolError, "provider_error", id="no-words"),
        pytest.param("model overloaded", ModelProtocolError, "provider_error", id="text"),
        pytest.param({"code": 402}, ModelRefused, "quota_exhausted", id="402"),
        pytest.param({"code": 401}, ModelRefused, "authentication_failed", id="401"),
        pytest.param({"code": "insufficient_quota"}, ModelRefused, "quota_exhausted", id="quota"),
        pytest.param({"code": "content_filter"}, ModelRefused, "content_filter", id="content-filter"),
        pytest.param({"type": "invalid_request_error"}, ModelRefused, "invalid_request", id="invalid"),
    ],
)
def test_an_error_in_a_successful_answer_is_judged_by_its_code(error: Any, kind: type[ModelError], code: str) -> None:
    """Gateways answer 200 once the model has started, and put the error into the body (pydantic-ai#3994)."""
    model_error = failures.of_body(error, "req_1")
    assert (type(model_error), model_error.code, model_error.request_id) == (kind, code, "req_1")
    assert model_error.retryable is (kind is not ModelRefused)
