"""The runs that a campaign's clients ask for."""

import random

from orchestrator.schemas.request import RunRequest
from tests.faults.campaign.load import draw


def test_a_seed_asks_for_the_same_again() -> None:
    """And another for something else."""
    first, again, other = (draw(random.Random(seed), "a") for seed in (1, 1, 2))

    assert first == again
    assert first.script != other.script


def test_what_is_asked_for_is_a_good_request() -> None:
    """Whatever the draw: the campaign is not about bad requests."""
    rng = random.Random(0)

    for number in range(300):
        job = draw(rng, str(number))
        assert RunRequest.model_validate_json(job.content).model == f"scripted/{number}"
