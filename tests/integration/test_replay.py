"""The server that gives recorded answers again."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from openai import OpenAI

from tests.replay import CASSETTES, ReplayServer, cassettes, interactions

ANSWER = {"id": "1", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}}]}
CHUNK = {"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "Hel"}}]}
STREAM = f": waiting\n\ndata: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n"
JSON = {"Content-Type": ["application/json"], "Set-Cookie": ["secret=1"], "Content-Encoding": ["gzip"], "x-request-id": ["req_1"]}


def interaction(response: dict[str, Any], uri: str = "https://api.example.com/v1/chat/completions") -> dict[str, Any]:
    """A recorded one, with this answer."""
    status = {"code": 200, "message": "OK"}
    return {"request": {"method": "POST", "uri": uri, "body": '{"model": "m"}'}, "response": {"status": status, **response}}


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    """A file with an answer in each form in which recorders write one."""
    answers = [
        interaction({"headers": JSON, "body": {"string": gzip.compress(json.dumps(ANSWER).encode())}}),
        interaction({"headers": {"content-type": "text/event-stream"}, "body": {"string": STREAM}}),
        interaction({"headers": JSON, "parsed_body": {"error": {"message": "Slow down."}}, "status": {"code": 429, "message": "Slow"}}),
    ]
    file = tmp_path / "recorded.yaml"
    file.write_text(yaml.safe_dump({"interactions": answers, "version": 1}))
    return file


def test_answers_come_in_their_order(cassette: Path) -> None:
    """Whole, streamed and refused, as they were recorded, and read by the SDK."""
    with ReplayServer(cassette) as server, OpenAI(base_url=server.base_url, api_key="any", max_retries=0) as client:
        asked: Any = [{"role": "user", "content": "Hello"}]
        whole = client.chat.completions.create(model="m", messages=asked)
        streamed = [chunk.choices[0].delta.content for chunk in client.chat.completions.create(model="m", messages=asked, stream=True)]
        refused = httpx2.post(f"{server.base_url}/chat/completions", json={"model": "m"})
        over = httpx2.post(f"{server.base_url}/chat/completions", json={"model": "m"})

        assert (whole.choices[0].message.content, streamed) == ("Hello", ["Hel"])
        assert (refused.status_code, refused.headers["x-request-id"], "set-cookie" in refused.headers) == (429, "req_1", False)
        assert over.status_code == 410
        assert server.unused == ()
        assert [request.path for request in server.requests] == ["/v1/chat/completions"] * 4
        assert server.requests[0].body == {"model": "m", "messages": asked}


def test_an_operation_is_found_wherever_it_is(tmp_path: Path) -> None:
    """Its version, its place and its model may differ; another operation is not answered."""
    uri = "https://example.com/v1/projects/p/locations/l/publishers/google/models/a:generateContent?alt=json"
    file = tmp_path / "recorded.yaml"
    file.write_text(yaml.safe_dump({"interactions": [interaction({"headers": {}, "parsed_body": {"candidates": []}}, uri)]}))

    with ReplayServer(file) as server:
        other = httpx2.post(f"{server.url}/v1beta/models/b:streamGenerateContent", json={})
        found = httpx2.post(f"{server.url}/v1beta1/models/b:generateContent", json={})

    assert (other.status_code, found.json(), server.base_url) == (410, {"candidates": []}, server.url)


@pytest.mark.skipif(not CASSETTES.is_dir(), reason=f"there is no recorded traffic at {CASSETTES}")
def test_every_recording_can_be_played() -> None:
    """Each answer can be read: JSON, or a stream of events."""
    for file in cassettes():
        for each in interactions(file):
            assert b"data: " in each.answer if each.is_stream else json.loads(each.answer), file
