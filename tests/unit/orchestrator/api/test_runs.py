"""The routes of runs, with runs in memory."""

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message, Scope

from orchestrator.ids import new_run_id
from tests.unit.orchestrator.api.conftest import FakeRuns

_USER = {"role": "user", "content": "What is the weather in Paris?"}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
_ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [_CALL]}
_TOOL = {"role": "tool", "tool_call_id": "call_1", "content": "{}"}


def test_a_run_is_accepted(client: TestClient, runs: FakeRuns) -> None:
    """The answer is 202 with the run and a Location that is a path; defaults are the server's."""
    response = client.post("/v1/runs", json={"messages": [_USER]})

    run = response.json()
    assert (response.status_code, run["status"], run["model"]) == (202, "queued", "default-model")
    assert response.headers["location"] == f"/v1/runs/{run['id']}"
    assert "preference-applied" not in response.headers
    assert (runs.started[0].max_turns, runs.started[0].deadline_s, runs.started[0].tools) == (10, 3600.0, ())


def test_everything_that_is_asked_for_is_passed_on(client: TestClient, runs: FakeRuns) -> None:
    """Messages stay as they were posted, with a provider's own fields; options keep their names."""
    messages = [
        _USER,
        {**_ASSISTANT, "reasoning_content": "Hm.", "annotations": []},
        {**_TOOL, "content": [{"type": "text", "text": "{}"}]},
    ]
    options: dict[str, Any] = {
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "parallel_tool_calls": False,
        "temperature": 0,
        "top_p": 1.0,
        "max_completion_tokens": 100,
        "seed": 7,
        "stop": ["END"],
        "reasoning_effort": "low",
    }
    limits: dict[str, Any] = {
        "max_turns": 3,
        "max_parallel_tool_calls": 2,
        "deadline_s": 1.5,
        "turn_deadline_s": 2,
        "start_within_s": 0.5,
        "fail_fast": True,
    }

    client.post(
        "/v1/runs",
        json={"messages": messages, "tools": ["get_weather"], "model": "openai/gpt-5:free", "metadata": {"a": "b"}, **options, **limits},
    )

    new = runs.started[0]
    assert (list(new.messages), new.tools, new.model, new.labels) == (messages, ("get_weather",), "openai/gpt-5:free", {"a": "b"})
    assert (new.options, new.max_turns, new.max_parallel_tool_calls, new.deadline_s) == (options, 3, 2, 1.5)
    assert (new.turn_deadline_s, new.start_within_s, new.fail_fast) == (2, 0.5, True)


def test_null_is_the_default(client: TestClient, runs: FakeRuns) -> None:
    """A client that writes out every option it does not use is understood."""
    body = {"messages": [_USER], "model": None, "tool_choice": None, "temperature": None, "max_turns": None, "metadata": None, "stop": None}

    assert client.post("/v1/runs", json=body).status_code == 202
    assert (runs.started[0].options, runs.started[0].labels) == ({}, {})


_REFUSED: list[tuple[dict[str, Any], str]] = [
    # Messages.
    ({"messages": []}, "messages"),
    ({"messages": None}, "messages"),
    ({"messages": {"role": "user"}}, "messages"),
    ({"messages": ["Hello."]}, "messages.0.role"),
    ({"messages": [{"content": "Hello."}]}, "messages.0.role"),
    ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages.0.role"),
    ({"messages": [{"role": "user"}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": None}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": []}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0.type"),
    ({"messages": [{"role": "user", "content": "x", "status": "completed"}]}, "messages.0.status"),
    ({"messages": [{"role": "user", "content": "x", "name": "a b"}]}, "messages.0.name"),
    (
        {"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x"}}]}]},
        "messages.0.content.0.type",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://10.0.0.1/"}}]}]},
        "messages.0.content.0.image_url.url",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]}]},
        "messages.0.content.0.image_url.url",
    ),
    ({"messages": [_USER, _ASSISTANT]}, "messages.1.tool_calls.0.id"),
    ({"messages": [_USER, _ASSISTANT, _USER, _TOOL]}, "messages.1.tool_calls.0.id"),
    ({"messages": [_USER, _TOOL]}, "messages.1.tool_call_id"),
    ({"messages": [_USER, _ASSISTANT, _TOOL, _TOOL]}, "messages.3.tool_call_id"),
    ({"messages": [_USER, _ASSISTANT, {**_TOOL, "tool_call_id": "other"}]}, "messages.2.tool_call_id"),
    ({"messages": [_USER, {**_ASSISTANT, "tool_calls": [_CALL, _CALL]}, _TOOL, _TOOL]}, "messages.1.tool_calls.1.id"),
    ({"messages": [_USER, {**_ASSISTANT, "tool_calls": []}]}, "messages.1.tool_calls"),
    ({"messages": [{"role": "assistant"}]}, "messages.0.content"),
    # Tools.
    ({"tools": "some"}, "tools"),
    ({"tools": {"get_weather": {}}}, "tools"),
    ({"tools": ["get_weather", "get_weather"]}, "tools"),
    ({"tools": [f"tool_{index}" for index in range(129)]}, "tools"),
    ({"tools": ["a" * 65]}, "tools.0"),
    ({"tools": [""]}, "tools.0"),
    ({"tools": ["a.b"]}, "tools.0"),
    ({"tools": ["get weather"]}, "tools.0"),
    ({"tools": ["get_weather\n"]}, "tools.0"),
    ({"tools": ["gеt_weather"]}, "tools.0"),  # noqa: RUF001 - the confusable letter is the case
    ({"tools": [{"type": "function", "function": {"name": "get_weather"}}]}, "tools.0"),
    ({"tool_choice": "get_weather"}, "tool_choice"),
    ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
    ({"tool_choice": {"type": "function", "function": {"name": "a b"}}}, "tool_choice.function.name"),
    ({"tool_choice": ["auto"]}, "tool_choice"),
    ({"parallel_tool_calls": "yes"}, "parallel_tool_calls"),
    # Limits and options.
    ({"model": ""}, "model"),
    ({"model": "gpt 5"}, "model"),
    ({"model": "gpt-5\n"}, "model"),
    ({"model": "m" * 129}, "model"),
    ({"max_turns": 0}, "max_turns"),
    ({"max_turns": 1001}, "max_turns"),
    ({"max_turns": True}, "max_turns"),
    ({"max_turns": "3"}, "max_turns"),
    ({"max_turns": 1.5}, "max_turns"),
    ({"max_parallel_tool_calls": 1025}, "max_parallel_tool_calls"),
    ({"turn_deadline_s": 0}, "turn_deadline_s"),
    ({"start_within_s": -1}, "start_within_s"),
    ({"fail_fast": "yes"}, "fail_fast"),
    ({"deadline_s": 0}, "deadline_s"),
    ({"deadline_s": 21_601}, "deadline_s"),
    ({"deadline_s": "60"}, "deadline_s"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": -0.1}, "temperature"),
    ({"top_p": 1.1}, "top_p"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"max_completion_tokens": -1}, "max_completion_tokens"),
    ({"max_completion_tokens": 10**12}, "max_completion_tokens"),
    ({"seed": 2**64}, "seed"),
    ({"stop": []}, "stop"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ({"stop": [""]}, "stop.0"),
    ({"stop": 7}, "stop"),
    ({"reasoning_effort": "very high"}, "reasoning_effort"),
    ({"metadata": {f"k{index}": "v" for index in range(17)}}, "metadata"),
    ({"metadata": {"k": "v" * 513}}, "metadata.k"),
    ({"metadata": {"k": 1}}, "metadata.k"),
    ({"metadata": {"k" * 65: "v"}}, f"metadata.{'k' * 65}"),
    ({"metadata": ["a"]}, "metadata"),
    # What is not taken, and what nobody may set.
    ({"stream": "yes"}, "stream"),
    ({"n": 2}, "n"),
    ({"functions": []}, "functions"),
    ({"max_tokens": 5}, "max_tokens"),
    ({"status": "completed"}, "status"),
    ({"tenant_id": "other"}, "tenant_id"),
    ({"__class__": "x"}, "__class__"),
]


@pytest.mark.parametrize(("fields", "field"), _REFUSED)
def test_a_field_that_cannot_be_served_is_named(client: TestClient, runs: FakeRuns, fields: dict[str, Any], field: str) -> None:
    """Nothing is started; the answer is a problem that names the field and stays small."""
    response = client.post("/v1/runs", json={"messages": [_USER]} | fields)

    problem = response.json()
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert problem["errors"][0]["field"] == field
    assert (runs.started, len(response.content) < 5000) == ([], True)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{'a': 1}", 400, "invalid_json"),
        (b'{"messages": [], "messages": []}', 400, "invalid_json"),
        (b'{"temperature": NaN}', 400, "invalid_json"),
        (b"\xef\xbb\xbf{}", 400, "invalid_json"),
        (b'{"a": "\xff"}', 400, "invalid_json"),
        (b"[" * 50_000, 400, "invalid_json"),
        (b"[]", 422, "unacceptable"),
        (b'{"messages": [{"role": "user", "content": "\\u0000"}]}', 422, "unacceptable"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', 422, "unacceptable"),
        (b'{"seed": 1e400}', 422, "unacceptable"),
        (b'{"messages": "' + b"x" * 100_000 + b'"}', 413, "body_too_large"),
    ],
)
def test_a_body_that_is_not_strict_json_is_refused(client: TestClient, body: bytes, status: int, code: str) -> None:
    """Each kind of broken body has its status and its code."""
    response = client.post("/v1/runs", content=body, headers={"Content-Type": "application/json"})

    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_another_media_type_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    """Only plain application/json is read."""
    response = client.post("/v1/runs", content=b"{}", headers=headers)

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_a_media_type_may_have_parameters(client: TestClient) -> None:
    """The usual charset=utf-8 is fine, in any case of letters."""
    content = json.dumps({"messages": [_USER]}).encode()

    assert client.post("/v1/runs", content=content, headers={"Content-Type": "Application/JSON; charset=UTF-8"}).status_code == 202


def test_a_body_is_counted_while_it_comes(client: TestClient) -> None:
    """Without a Content-Length the body is refused once it is too long, and the connection closed."""
    sent: list[int] = []

    def chunks() -> Any:
        for index in range(1000):
            sent.append(index)
            yield b" " * 1000

    response = client.post("/v1/runs", content=chunks(), headers={"Content-Type": "application/json"})

    assert (response.status_code, response.headers["connection"]) == (413, "close")


def test_a_run_that_ends_in_time_is_answered_200(client: TestClient, runs: FakeRuns) -> None:
    """With Prefer: wait the answer comes when the run has ended, and says that the preference was applied."""

    def end() -> None:
        while not runs.rows:
            time.sleep(0.005)
        next(iter(runs.rows.values())).status = "completed"

    ending = threading.Thread(target=end)
    ending.start()
    response = client.post("/v1/runs", json={"messages": [_USER]}, headers={"Prefer": "wait=30"})
    ending.join()

    assert (response.status_code, response.json()["status"]) == (200, "completed")
    assert response.headers["preference-applied"] == "wait=5"


def test_a_run_that_goes_on_is_answered_202(client: TestClient) -> None:
    """When the time is over the run is answered as it stands."""
    response = client.post("/v1/runs", json={"messages": [_USER]}, headers={"Prefer": "wait=1"})

    assert (response.status_code, response.headers["preference-applied"]) == (202, "wait=1")


def test_nobody_waits_for_a_caller_who_hung_up(app: FastAPI, runs: FakeRuns) -> None:
    """The request ends with its connection; the run goes on."""
    headers = [(b"content-type", b"application/json"), (b"prefer", b"wait=5")]
    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/runs", "root_path": "", "query_string": b"", "headers": headers}
    messages: list[Message] = [{"type": "http.request", "body": json.dumps({"messages": [_USER]}).encode()}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(_: Message) -> None:
        """Nobody is there."""

    async def play() -> None:
        async with app.router.lifespan_context(app), asyncio.timeout(4):
            await app(scope, receive, send)

    asyncio.run(play())

    assert [run.status for run in runs.rows.values()] == ["queued"]


@pytest.mark.parametrize(
    "run_id", ["abc", "run_1", "run_01JD3Z6Q4W8Y2K5N7R9T0V1X3b", "..%2f..%2fetc", "%00", "run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B%0A", "1" * 5000]
)
@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", "/cancel")])
def test_what_is_no_id_is_not_found(client: TestClient, method: str, suffix: str, run_id: str) -> None:
    """A path that cannot be a run's is 404, and nothing is looked up."""
    response = client.request(method, f"/v1/runs/{run_id}{suffix}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_an_unknown_run_is_not_found(client: TestClient) -> None:
    """An id that nobody has is 404 in every route."""
    run_id = new_run_id()

    assert client.get(f"/v1/runs/{run_id}").status_code == 404
    assert client.post(f"/v1/runs/{run_id}/cancel").status_code == 404


def test_an_unchanged_run_is_not_sent_again(client: TestClient, runs: FakeRuns) -> None:
    """Polling with the ETag costs no body until the run changes."""
    path = client.post("/v1/runs", json={"messages": [_USER]}).headers["location"]
    tag = client.get(path).headers["etag"]
    unchanged = client.get(path, headers={"If-None-Match": tag})
    next(iter(runs.rows.values())).status = "completed"

    assert (tag[:3], unchanged.status_code, unchanged.content) == ('W/"', 304, b"")
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_page_says_whether_there_is_more(client: TestClient, runs: FakeRuns) -> None:
    """One run more than the page holds is asked for, and not shown; a list has no transcripts."""
    for _ in range(3):
        client.post("/v1/runs", json={"messages": [_USER]})

    page = client.get("/v1/runs?limit=2").json()

    assert (page["object"], len(page["data"]), page["has_more"], runs.asked[0][0]) == ("list", 2, True, 3)
    assert not {"messages", "turns", "tool_calls", "output"} & set(page["data"][0])
    assert client.get("/v1/runs?limit=3").json()["has_more"] is False


def test_filters_are_passed_on(client: TestClient, runs: FakeRuns) -> None:
    """Cursor, status and labels reach the store."""
    after = new_run_id()

    client.get("/v1/runs", params={"after": after, "status": "failed", "metadata[a]": "1", "metadata[b]": "2"})

    assert runs.asked == [(21, after, "failed", {"a": "1", "b": "2"})]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=ten", "limit"),
        ("after=run_1", "after"),
        ("after=%00", "after"),
        ("after=1;drop%20table%20runs", "after"),
        ("status=done", "status"),
        ("sort=id", "sort"),
        ("metadata%5Ba%5D=%00", "metadata[a]"),
    ],
)
def test_an_impossible_query_is_refused(client: TestClient, runs: FakeRuns, query: str, field: str) -> None:
    """Each parameter is checked before anything is looked up."""
    response = client.get(f"/v1/runs?{query}")

    assert (response.status_code, response.json()["errors"][0]["field"], runs.asked) == (422, field, [])


def test_a_cancelled_run_is_answered(client: TestClient) -> None:
    """Cancelling answers the run as it is then; a body is not read."""
    path = client.post("/v1/runs", json={"messages": [_USER]}).headers["location"]

    response = client.post(f"{path}/cancel", content=b"x" * 200_000)

    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
