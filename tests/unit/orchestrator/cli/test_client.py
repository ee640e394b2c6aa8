"""What becomes of a request, and how each failure is told."""

from collections.abc import Callable

import httpx2
import pytest

from orchestrator.cli.client import Client, read
from orchestrator.cli.errors import CommandError, ExitCode
from orchestrator.schemas.run import RunObject
from tests.unit.orchestrator.cli.service import problem, run
from tests.unit.orchestrator.client.services import Full

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


def test_a_full_service_is_waited_for_with_a_note(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever waits sees why."""
    full, slept = Full(1, 429, "5"), list[float]()

    with Client("http://there:8000", httpx2.MockTransport(full), slept.append) as client:
        assert client.submit({"messages": []}) == {"id": "run_1"}

    said = "Toolchord at http://there:8000 cannot answer now: 10 runs are queued. (request req_1). Try again in 5 s.\n"
    assert (slept, capsys.readouterr().err) == ([5], said)


def test_a_service_that_stays_full_is_told_with_what_to_do() -> None:
    """Patience has an end."""
    with Client("http://there:8000", httpx2.MockTransport(Full(9, 429, "30"))) as client, pytest.raises(CommandError) as raised:
        client.submit({"messages": []})

    assert raised.value.code == ExitCode.UNAVAILABLE
    assert str(raised.value).endswith("10 runs are queued. (request req_1). Try again in 30 s.")
