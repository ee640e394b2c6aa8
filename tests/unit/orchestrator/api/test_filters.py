"""Filters by metadata."""

import pytest

from orchestrator.api.filters import read
from orchestrator.api.refusals import InvalidRequest


def test_labels_are_read_among_other_parameters() -> None:
    """Each metadata[key]=value is a label; a key may hold what it likes."""
    parameters = [("limit", "5"), ("metadata[customer]", "c 42"), ("metadata[a[b]]", ""), ("status", "failed")]

    assert read(parameters) == {"customer": "c 42", "a[b]": ""}


@pytest.mark.parametrize(
    "parameters",
    [
        [("customer", "c_42")],
        [("metadata", "c_42")],
        [("metadata[]", "c_42")],
        [("metadata[" + "k" * 65 + "]", "c_42")],
        [("metadata[a]", "x" * 513)],
        [("metadata[a]", "\0")],
        [("metadata[\0]", "a")],
        [("metadata[a]", "1"), ("metadata[a]", "2")],
        [("limit", "1"), ("limit", "2")],
    ],
)
def test_impossible_parameters_are_refused(parameters: list[tuple[str, str]]) -> None:
    """What is unknown, doubled or could never be stored is named."""
    with pytest.raises(InvalidRequest) as refused:
        read(parameters)

    assert refused.value.errors[0].field == parameters[-1][0]
