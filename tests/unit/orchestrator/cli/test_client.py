"""What becomes of a request, and how each failure is told."""

from collections.abc import Callable

import httpx2
import pytest

from orchestrator.cli.client import Client, JsonObject, read
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.schemas.run import RunObject
from tests.unit.orchestrator.cli.service import problem, run

Answer = Callable[[httpx2.Request], httpx2.Response]


def _client(answer: Answer) -> Client:
    return Client("http://there:8000/", httpx2.MockTransport(answer))


def _refused(answer: Answer) -> CommandError:
    with _client(answer) as client, pytest.raises(CommandError) as raised:
        client.run("run_1")
    return raised.value


def test_an_answer_is_the_services_own_json() -> None:
    """Programs read fields that this version does not know."""
    with _client(lambda _: httpx2.Response(200, json={"id": "run_1", "new": 1})) as client:
        assert client.run("run_1") == {"id": "run_1", "new": 1}


_QUESTIONS: list[tuple[Callable[[Client], JsonObject], str]] = [
    (lambda client: client.submit({"messages": []}), "POST /v1/runs"),
    (lambda client: client.run("run_1"), "GET /v1/runs/run_1"),
    (lambda client: client.run("../tools?x"), "GET /v1/runs/..%2Ftools%3Fx"),
    (lambda client: client.runs({"metadata[a b]": "c&d"}), "GET /v1/runs?metadata%5Ba%20b%5D=c%26d"),
    (lambda client: client.cancel("run_1"), "POST /v1/runs/run_1/cancel"),
    (lambda client: client.tools(), "GET /v1/tools"),
]


@pytest.mark.parametrize(("ask", "request_line"), _QUESTIONS)
def test_each_question_goes_to_its_path(ask: Callable[[Client], JsonObject], request_line: str) -> None:
    """Words of the user are quoted."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.method} {request.url.raw_path.decode().replace('+', '%20')}")
        return httpx2.Response(200, json={})

    with _client(answer) as client:
        ask(client)

    assert asked == [request_line]


def test_a_service_that_is_not_there_is_told_with_what_to_do() -> None:
    """The URL is named, so that a wrong one is seen."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    error = _refused(answer)

    assert error.code == ExitCode.UNAVAILABLE
    assert str(error).startswith("Toolchord is not reachable at http://there:8000. Start one with `toolchord up`")


def test_a_service_that_does_not_answer_in_time_is_unavailable() -> None:
    """It may be there."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    assert "does not answer in time" in str(_refused(answer))


def test_several_wrong_fields_are_each_told() -> None:
    """The detail only names them."""
    refusal = problem(422, "The request has errors in model, tools.", {"model": "Too long.", "tools": "Name each tool once."})
    error = _refused(lambda _: httpx2.Response(422, json=refusal))

    assert error.code == ExitCode.REFUSED
    assert str(error) == "The request has errors in model, tools. model: Too long. tools: Name each tool once."


def test_what_the_detail_says_is_not_said_twice() -> None:
    """One field's error is the whole detail."""
    refusal = problem(422, "No worker has announced 'nope'.", {"tools.0": "No worker has announced 'nope'."})

    assert str(_refused(lambda _: httpx2.Response(422, json=refusal))) == "No worker has announced 'nope'."


def test_a_run_that_is_not_there_has_a_code_of_its_own() -> None:
    """Scripts tell it from a refusal."""
    error = _refused(lambda _: httpx2.Response(404, json=problem(404, "There is no such run.")))

    assert (error.code, str(error)) == (ExitCode.NOT_FOUND, "There is no such run.")


def test_a_service_in_trouble_is_unavailable_and_names_the_request() -> None:
    """Its operator finds the request by it."""
    error = _refused(lambda _: httpx2.Response(503, json=problem(503, "Postgres is away.")))

    assert error.code == ExitCode.UNAVAILABLE
    assert str(error) == "Toolchord at http://there:8000 cannot answer now: Postgres is away. (request req_1)"


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
    error = _refused(lambda _: response)

    assert error.code == ExitCode.UNAVAILABLE
    assert f"with status {response.status_code} is not Toolchord" in str(error)


@pytest.mark.parametrize("url", ["there:8000", "ftp://there", "http://", "http://there:port"])
def test_a_url_that_is_none_is_a_mistake(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(CommandError, match="is no URL") as raised:
        Client(url)

    assert raised.value.code == ExitCode.USAGE


def test_an_answer_of_another_version_names_the_field() -> None:
    """A client and a service of two versions may not understand each other."""
    with pytest.raises(CommandError, match=r"\(in status\)"):
        read(RunObject, run("resting"))


class Full:
    """A service that takes a run when it was asked often enough."""

    def __init__(self, refusals: int, status: int, after: str) -> None:
        self.keys: list[str | None] = []
        self._refusals = refusals
        self._refusal = httpx2.Response(status, json=problem(status, "10 runs are queued."), headers={"Retry-After": after})

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.keys.append(request.headers.get("Idempotency-Key"))
        return self._refusal if len(self.keys) <= self._refusals else httpx2.Response(202, json={"id": "run_1"})


@pytest.mark.parametrize("status", [429, 503])
def test_a_full_service_is_asked_again_when_it_says(status: int) -> None:
    """With the same key, so that there is one run, however often it is asked for."""
    full, slept = Full(2, status, "5"), list[float]()

    with _client(full) as client:
        assert client.submit({"messages": []}, slept.append) == {"id": "run_1"}

    assert (slept, len(full.keys), len(set(full.keys)), None in full.keys) == ([5, 5], 3, 1, False)


@pytest.mark.parametrize(("after", "asked"), [("30", 1), ("10", 2)])
def test_a_service_that_stays_full_is_told_with_what_to_do(after: str, asked: int) -> None:
    """Patience has an end."""
    full = Full(9, 429, after)

    with _client(full) as client, pytest.raises(CommandError) as raised:
        client.submit({"messages": []}, lambda _: None)

    assert (raised.value.code, len(full.keys)) == (ExitCode.UNAVAILABLE, asked)
    assert str(raised.value) == (
        f"Toolchord at http://there:8000 cannot answer now: 10 runs are queued. (request req_1). Try again in {after} s."
    )
