"""Requests, and how each failure is told."""

import httpx2
import pytest

from orchestrator.client.errors import InvalidUrl, NotFound, NotNow, NotReached, NotToolchord, Refused
from orchestrator.client.http import Http, JsonObject
from tests.unit.orchestrator.cli.service import problem
from tests.unit.orchestrator.client.services import Answer, Full


def _asked(answer: Answer, slept: list[float] | None = None) -> JsonObject:
    pauses = [] if slept is None else slept
    with Http("http://there:8000/", transport=httpx2.MockTransport(answer), sleep=pauses.append) as http:
        return http.ask("GET", "/v1/tools", headers={"Idempotency-Key": "k"})


def test_an_answer_is_the_services_own_json() -> None:
    """Programs read fields that this version does not know."""
    assert _asked(lambda _: httpx2.Response(200, json={"id": "run_1", "new": 1})) == {"id": "run_1", "new": 1}


def test_nothing_there_and_nothing_in_time_are_told_apart() -> None:
    """The URL is named, so that a wrong one is seen."""

    def absent(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    def late(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    with pytest.raises(NotReached, match=r"^Toolchord is not reachable at http://there:8000\.$"):
        _asked(absent)
    with pytest.raises(NotReached, match="does not answer in time"):
        _asked(late)


def test_a_refusal_carries_the_problem() -> None:
    """Its code for programs, its fields for people; what the detail says is not said twice."""
    fields = {"model": "Too long.", "tools": "Name each tool once."}
    several = problem(422, "The request has errors in model, tools.", fields)
    single = problem(422, "No worker has announced 'nope'.", {"tools.0": "No worker has announced 'nope'."})

    with pytest.raises(Refused) as raised:
        _asked(lambda _: httpx2.Response(422, json=several))
    with pytest.raises(Refused, match=r"^No worker has announced 'nope'\.$"):
        _asked(lambda _: httpx2.Response(422, json=single))

    with pytest.raises(Refused, match=r"^model: Too long\.$"):
        _asked(lambda _: httpx2.Response(422, json=problem(422, "The request has errors in model.", {"model": "Too long."})))

    assert str(raised.value) == "The request has errors in model, tools. model: Too long. tools: Name each tool once."
    assert (raised.value.problem.code, raised.value.problem.status) == ("refused", 422)
    assert [error.field for error in raised.value.problem.errors] == ["model", "tools"]


def test_what_is_not_there_is_a_refusal_of_its_own() -> None:
    """A caller tells it from a mistake in the request."""
    with pytest.raises(NotFound, match=r"^There is no such run\.$"):
        _asked(lambda _: httpx2.Response(404, json=problem(404, "There is no such run.")))


def test_a_service_in_trouble_names_the_request() -> None:
    """It does not say when to come back, so nobody waits."""
    slept: list[float] = []

    with pytest.raises(NotNow, match=r"cannot answer now: Postgres is away. \(request req_1\)$") as raised:
        _asked(lambda _: httpx2.Response(500, json=problem(500, "Postgres is away.")), slept)

    assert (raised.value.after_s, slept) == (None, [])


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(404, json={"detail": "Not Found"}),
        httpx2.Response(502, text="Bad Gateway"),
    ],
)
def test_what_is_no_toolchord_is_told_so(response: httpx2.Response) -> None:
    """Another server on the port is the usual mistake."""
    with pytest.raises(NotToolchord, match=f"with status {response.status_code} is not Toolchord"):
        _asked(lambda _: response)


@pytest.mark.parametrize("url", ["there:8000", "ftp://there", "http://", "http://there:port"])
def test_a_url_that_is_none_is_a_mistake(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidUrl, match="is no URL"):
        Http(url)


@pytest.mark.parametrize("status", [429, 503])
def test_a_full_service_is_asked_again_when_it_says(status: int) -> None:
    """With the same headers, so that what is asked for twice is done once."""
    full, slept = Full(2, status, "5"), list[float]()

    assert _asked(full, slept) == {"id": "run_1"}
    assert (slept, full.keys) == ([5, 5], ["k", "k", "k"])


@pytest.mark.parametrize(("after", "asked"), [("30", 1), ("10", 2)])
def test_patience_has_an_end(after: str, asked: int) -> None:
    """The last refusal is told."""
    full = Full(9, 429, after)

    with pytest.raises(NotNow) as raised:
        _asked(full)

    assert (raised.value.after_s, len(full.keys)) == (int(after), asked)


@pytest.mark.parametrize("after", ["0", "Sat, 21 Nov 2026 08:00:00 GMT", ""])
def test_what_is_no_number_of_seconds_is_not_waited_for_in_a_circle(after: str) -> None:
    """A proxy may name a date; zero is a second."""
    slept: list[float] = []

    with pytest.raises(NotNow):
        _asked(Full(99, 503, after), slept)

    assert slept == ([1] * 15 if after == "0" else [])


def test_an_answer_can_be_waited_for_longer() -> None:
    """A request that the service holds for a while must not end before."""
    timeouts: list[float] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        timeouts.append(request.extensions["timeout"]["read"])
        return httpx2.Response(200, json={})

    with Http("http://there", transport=httpx2.MockTransport(answer)) as http:
        http.ask("POST", "/v1/runs", wait_s=60)
        http.ask("GET", "/v1/runs")

    assert timeouts[0] - timeouts[1] == 60
