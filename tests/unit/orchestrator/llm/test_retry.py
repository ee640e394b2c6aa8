"""The one layer of retries."""

from collections.abc import Iterator

import pytest
import stamina
from structlog.testing import capture_logs

from orchestrator.llm.errors import ModelError, ModelProtocolError, ModelRefused, ModelUnavailable
from orchestrator.llm.model import SILENCE, Listener, ModelReply, ModelRequest
from orchestrator.llm.retry import Patience, Retrying
from orchestrator.llm.retry_budget import RetryBudget
from orchestrator.messages import UserMessage

SUNNY = ModelReply(content="Sunny.")
EMPTY = ModelReply(content=None)


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Retries follow each other at once; how long they would wait is in the log."""
    with stamina.set_testing(True, attempts=100):
        yield


class Scripted:
    """A model that gives these answers in turn, and remembers the time that it was given."""

    def __init__(self, *answers: ModelReply | Exception) -> None:
        self.answers = list(answers)
        self.timeouts: list[float] = []

    def complete(self, request: ModelRequest, listener: Listener = SILENCE) -> ModelReply:
        """The next answer."""
        del listener
        self.timeouts.append(request.timeout_s)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def request(timeout_s: float = 60.0) -> ModelRequest:
    """A model call."""
    return ModelRequest(model="m", messages=(UserMessage(content="a secret question"),), timeout_s=timeout_s)


def busy(retry_after_s: float | None = None) -> ModelUnavailable:
    """An error that may pass."""
    return ModelUnavailable("rate_limited", "Later.", retryable=True, retry_after_s=retry_after_s, status=429, request_id="req_1")


def test_a_good_reply_is_given_at_once() -> None:
    """The common case asks once."""
    model = Scripted(SUNNY)
    assert (Retrying(model).complete(request()), len(model.timeouts)) == (SUNNY, 1)


def test_errors_that_may_pass_are_tried_again() -> None:
    """Up to the number of attempts."""
    model = Scripted(busy(), busy(), busy(), SUNNY)
    assert Retrying(model, attempts=4).complete(request()) == SUNNY


def test_the_last_error_is_raised_when_the_attempts_are_used() -> None:
    """No attempt more than allowed, and the error is the provider's."""
    model = Scripted(*[busy()] * 5)
    with pytest.raises(ModelUnavailable):
        Retrying(model, attempts=4).complete(request())
    assert len(model.timeouts) == 4


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(ModelRefused("quota_exhausted", "Pay.", retryable=False, status=429), id="refused"),
        pytest.param(ModelProtocolError("provider_protocol", "Too large.", retryable=False), id="unusable-for-good"),
        pytest.param(ZeroDivisionError(), id="a-fault-of-ours"),
    ],
)
def test_errors_that_stay_are_raised_at_once(error: Exception) -> None:
    """Asking again costs time and money and changes nothing."""
    model = Scripted(error, SUNNY)
    with pytest.raises(type(error)):
        Retrying(model).complete(request())
    assert len(model.timeouts) == 1


def test_an_unusable_reply_is_asked_for_once_more() -> None:
    """One more try is worth it."""
    assert Retrying(Scripted(EMPTY, SUNNY)).complete(request()) == SUNNY


def test_a_second_unusable_reply_is_final() -> None:
    """Whatever the number of attempts, and whatever lies between the two."""
    model = Scripted(EMPTY, busy(), EMPTY, SUNNY)
    with pytest.raises(ModelProtocolError) as caught:
        Retrying(model, attempts=9).complete(request())
    assert (caught.value.code, len(model.timeouts)) == ("empty_reply", 3)


def test_each_attempt_is_given_the_rest_of_the_time() -> None:
    """All attempts together end within the request's time."""
    model = Scripted(busy(), busy(), SUNNY)
    Retrying(model).complete(request(timeout_s=60))
    assert 60 >= model.timeouts[0] > model.timeouts[1] > model.timeouts[2] > 0


def test_the_providers_wait_is_honoured() -> None:
    """A wait that the provider names replaces a shorter one of ours."""
    with capture_logs() as logs:
        Retrying(Scripted(busy(retry_after_s=20), SUNNY)).complete(request())
    assert [entry["wait_s"] for entry in logs if entry["event"] == "model_call_retried"] == [20]


def test_a_wait_longer_than_the_time_left_ends_the_call_at_once() -> None:
    """It is better to fail now than later."""
    model = Scripted(busy(retry_after_s=61), SUNNY)
    with pytest.raises(ModelUnavailable) as caught:
        Retrying(model).complete(request(timeout_s=60))
    assert (caught.value.retry_after_s, len(model.timeouts)) == (61, 1)


def test_our_own_waits_double_up_to_a_limit_with_jitter() -> None:
    """Each wait is drawn between the half and the whole of its step."""
    patience = Patience(10, 600, RetryBudget())
    waits = [patience.wait_s(busy()) for _ in range(7)]
    steps = [0.5, 1, 2, 4, 8, 8, 8]
    assert all(step / 2 <= wait <= step for wait, step in zip(waits, steps, strict=True))


def test_retries_of_a_process_are_limited_for_each_provider() -> None:
    """A provider that fails is not stormed; another one's retries are its own."""
    model = Scripted(*[busy()] * 200, SUNNY, SUNNY)
    retrying = Retrying(model, attempts=4)
    for _ in range(50):
        with pytest.raises(ModelUnavailable):
            retrying.complete(request(timeout_s=1))
    assert 50 < len(model.timeouts) < 150
    model.answers[:] = [busy(), SUNNY]
    assert retrying.complete(request(timeout_s=1).model_copy(update={"model": "openrouter/m"})) == SUNNY


def test_each_wait_is_logged_without_what_was_said() -> None:
    """The log has the facts of the failure, and nothing of the conversation."""
    with capture_logs() as logs:
        Retrying(Scripted(busy(), SUNNY)).complete(request())
    entry = next(entry for entry in logs if entry["event"] == "model_call_retried")
    assert {key: entry[key] for key in ("code", "status", "request_id", "attempts_left", "log_level")} == {
        "code": "rate_limited",
        "status": 429,
        "request_id": "req_1",
        "attempts_left": 3,
        "log_level": "warning",
    }
    assert "secret" not in str(logs)


def test_an_error_keeps_its_facts() -> None:
    """What a model call raises can be recorded and shown."""
    error = busy(retry_after_s=2)
    facts = (str(error), error.code, error.message, error.retryable, error.retry_after_s, error.status, error.request_id)
    assert facts == ("Later.", "rate_limited", "Later.", True, 2, 429, "req_1")
    assert isinstance(error, ModelError)
