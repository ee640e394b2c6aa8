"""Why a run has no answer, in words."""

import re

import pytest

from orchestrator.client import ending
from orchestrator.schemas.run import IncompleteDetails, RunObject
from tests.unit.orchestrator.cli.service import run

_REASONS = re.findall(r"[a-z]+_[a-z_]+|deadline|refusal", IncompleteDetails.model_fields["reason"].description or "")


def _reason(status: str, **fields: object) -> str:
    return ending.reason(RunObject.model_validate(run(status, **fields)))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": "rate_limited", "message": "Too many requests."}, "Too many requests (rate_limited)"),
        (
            {"code": "authentication_failed", "message": "No.", "provider": "openai", "request_id": "req_srv_123"},
            "No (openai, authentication_failed, request req_srv_123)",
        ),
    ],
)
def test_a_failure_is_told_with_all_that_is_known(error: dict[str, str], said: str) -> None:
    """A provider's support asks for the id of the request."""
    assert _reason("failed", error=error) == said


@pytest.mark.parametrize("code", _REASONS)
def test_every_shortfall_has_words(code: str) -> None:
    """Its code stays, for who looks it up."""
    said = _reason("incomplete", incomplete_details={"reason": code})

    assert said.endswith(f" ({code})")
    assert "`output` holds" not in said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"repairs": 1, "output": "Oslo"}, "the answer did not fit after 1 repair; `output` holds it; "),
        ({"repairs": 2}, "the answer did not fit after 2 repairs; a greater `max_repairs`"),
    ],
)
def test_an_answer_that_does_not_fit_is_found_where_it_is(fields: dict[str, object], said: str) -> None:
    """If there is one."""
    assert _reason("incomplete", incomplete_details={"reason": "invalid_output"}, **fields).startswith(said)


def test_what_is_not_known_is_told_as_it_is() -> None:
    """By a newer service; and who cancelled a run knows why."""
    assert _reason("incomplete", incomplete_details={"reason": "bored"}) == "bored"
    assert _reason("cancelled") == ""
