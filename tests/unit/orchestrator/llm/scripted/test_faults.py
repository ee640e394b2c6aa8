"""What may go wrong instead of an answer."""

import pytest
from pydantic import TypeAdapter, ValidationError

from orchestrator.llm.scripted.faults import CloseFault, ErrorFault, Fault, RawFault


def test_the_kind_tells_what_a_fault_is() -> None:
    """As a script file says it."""
    faults = TypeAdapter[list[Fault]](list[Fault]).validate_python([{"kind": "error"}, {"kind": "raw", "body": 1}, {"kind": "close"}])

    assert faults == [ErrorFault(kind="error"), RawFault(kind="raw", body=1), CloseFault(kind="close")]


def test_a_fault_happens_at_least_once() -> None:
    """Zero times would be no fault."""
    with pytest.raises(ValidationError, match="times"):
        CloseFault(times=0)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_raw_body_needs_a_status_that_has_one(status: int) -> None:
    """HTTP knows answers without a body."""
    with pytest.raises(ValidationError, match="has no body"):
        RawFault(body="x", status=status)


def test_headers_that_http_forbids_are_refused() -> None:
    """No script can split a response."""
    with pytest.raises(ValidationError, match="headers"):
        ErrorFault(headers={"x-note": "a\r\nset-cookie: b"})
