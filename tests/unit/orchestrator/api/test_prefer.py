"""The header Prefer."""

import pytest

from orchestrator.api.prefer import wait_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=10"], 10),
        (["respond-async", "Wait = 10"], 10),
        (['wait="10"'], 10),
        (["wait=10; x=y"], 10),
        (["wait=10, wait=20"], 10),
        (['x="a, wait=5", wait=10'], 10),
        (["wait=999"], 60),
        (["wait=0"], 0),
    ],
)
def test_the_time_to_wait_is_read(headers: list[str], seconds: float) -> None:
    """The first preference `wait` counts, up to the limit."""
    assert wait_s(headers, 60) == seconds


@pytest.mark.parametrize(
    "header", ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=ten", "wait=1e3", "wait=٣", "await=10", "=10", '"', ",;=,"]
)
def test_what_is_malformed_is_ignored(header: str) -> None:
    """A preference that is not understood is as good as none."""
    assert wait_s([header], 60) == 0


def test_no_preference_is_no_wait() -> None:
    """Without the header nothing is waited for."""
    assert wait_s([], 60) == 0
