"""The scripted model as a server, driven by the openai SDK and by plain HTTP."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageFunctionToolCall, ChatCompletionMessageParam, ChatCompletionToolUnionParam

from orchestrator.llm.scripted import CloseFault, ErrorFault, Reply, Script, ScriptedCall, ScriptedModel

DEMO = "What's the weather in Tokyo, what's AAPL's stock price, and what's the latest news about AI?"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]


def tool(name: str, parameter: str) -> ChatCompletionToolUnionParam:
    """A tool with one text."""
    parameters: dict[str, object] = {
        "type": "object",
        "properties": {parameter: {"type": "string"}},
        "required": [parameter],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "parameters": parameters, "strict": True}}


TOOLS = [tool("get_weather", "city"), tool("get_stock_price", "ticker"), tool("get_news_headlines", "topic")]


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedModel]:
    """One server for all tests."""
    with ScriptedModel() as running:
        yield running


@pytest.fixture
def client(model: ScriptedModel) -> Iterator[OpenAI]:
    """The real SDK, without retries of its own."""
    with OpenAI(base_url=model.base_url, api_key="any key", max_retries=0) as sdk:
        yield sdk


@pytest.fixture
def http(model: ScriptedModel) -> Iterator[httpx2.Client]:
    """Plain HTTP."""
    with httpx2.Client(base_url=model.url) as plain:
        yield plain


def test_the_demo_question_is_answered_in_two_model_calls(client: OpenAI) -> None:
    """Three calls at once, and then an answer made of their results."""
    first = client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": DEMO}], tools=TOOLS).choices[0]
    calls = [call for call in first.message.tool_calls or () if isinstance(call, ChatCompletionMessageFunctionToolCall)]
    messages: list[Any] = [
        {"role": "user", "content": DEMO},
        first.message.model_dump(exclude_none=True),
        *({"role": "tool", "tool_call_id": call.id, "content": f'{{"answer":{index}}}'} for index, call in enumerate(calls)),
    ]
    last = client.chat.completions.create(model="scripted", messages=messages, tools=TOOLS).choices[0]

    assert first.finish_reason == "tool_calls"
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("get_weather", {"city": "Tokyo"}),
        ("get_stock_price", {"ticker": "AAPL"}),
        ("get_news_headlines", {"topic": "AI"}),
    ]
    assert last.finish_reason == "stop"
    assert (last.message.content or "").splitlines() == [
        "This is the scripted model, not a language model. The tools answered:",
        "- get_weather(Tokyo): answer 0",
        "- get_stock_price(AAPL): answer 1",
        "- get_news_headlines(AI): answer 2",
    ]


def test_a_stream_holds_what_the_whole_answer_holds(client: OpenAI) -> None:
    """The SDK puts the fragments together to the same calls."""
    with client.chat.completions.stream(
        model="scripted", messages=[{"role": "user", "content": DEMO}], tools=TOOLS, stream_options={"include_usage": True}
    ) as stream:
        streamed = stream.get_final_completion()
    whole = client.chat.completions.create(model="scripted", messages=[{"role": "user", "content": DEMO}], tools=TOOLS)

    def said(completion: Any) -> list[tuple[str, str]]:
        return [(call.function.name, call.function.arguments) for call in completion.choices[0].message.tool_calls]

    assert said(streamed) == said(whole)
    assert streamed.usage == whole.usage
    assert streamed.choices[0].finish_reason == whole.choices[0].finish_reason


def test_a_stream_can_be_slow(model: ScriptedModel, client: OpenAI) -> None:
    """Chunks come one by one, with the pause between them."""
    name = model.register("slow", Script.of(Reply(content="Hello you", chunk_delay_s=0.05)))

    started = time.monotonic()
    chunks = list(client.chat.completions.create(model=name, messages=HELLO, stream=True))

    assert time.monotonic() - started > 0.04 * len(chunks)


def test_every_answer_says_what_it_is(client: OpenAI) -> None:
    """By headers, by model name and by fingerprint."""
    raw = client.chat.completions.with_raw_response.create(model="gpt-x", messages=HELLO)

    answer = raw.parse()
    assert raw.headers["x-toolchord-scripted-model"] == "true"
    assert raw.headers["x-request-id"].startswith("req_")
    assert (answer.model, answer.system_fingerprint) == ("scripted", "scripted-model-not-a-language-model")


def test_a_script_travels_in_the_request(client: OpenAI) -> None:
    """As an extra field of the body."""
    script = {"replies": [{"content": "You said: {last_user}"}]}

    answer = client.chat.completions.create(model="scripted", messages=HELLO, extra_body={"script": script})

    assert answer.choices[0].message.content == "You said: Hello"


def test_a_script_is_registered_over_http(http: httpx2.Client, client: OpenAI) -> None:
    """Its model name selects it until it is removed."""
    registered = http.put("/scripts/greeting", json={"replies": [{"content": "Good day"}]})
    answer = client.chat.completions.create(model=registered.json()["model"], messages=HELLO)
    listed = [each.id for each in client.models.list()]
    removed = http.delete("/scripts/greeting")

    assert answer.choices[0].message.content == "Good day"
    assert answer.model == "scripted/greeting"
    assert {"scripted", "scripted/greeting"} <= set(listed)
    assert removed.status_code == 204
    with pytest.raises(openai.NotFoundError, match="PUT /scripts/greeting"):
        client.chat.completions.create(model="scripted/greeting", messages=HELLO)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/scripts/a", '{"replies": [{"contnt": "a"}]}', "replies[0].contnt: Extra inputs are not permitted"),
        ("/scripts/a", "{", "Invalid JSON"),
        ("/scripts/a b", '{"replies": [{}]}', "a script's name is"),
    ],
)
def test_a_bad_script_is_refused_with_its_field(http: httpx2.Client, path: str, body: str, message: str) -> None:
    """Nothing is registered."""
    answer = http.put(path, content=body)

    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_attempts_fail_as_often_as_the_script_says(model: ScriptedModel) -> None:
    """The SDK's own retries meet the faults and then the reply; the log shows them all."""
    faults = (ErrorFault(status=429, code="rate_limit_exceeded", retry_after_s=0.01, times=1), CloseFault(times=1))
    name = model.register("flaky", Script.of(Reply(content="at last", faults=faults)))
    model.forget_requests()

    with OpenAI(base_url=model.base_url, api_key="any key", max_retries=2) as sdk:
        answer = sdk.chat.completions.create(model=name, messages=HELLO)

    assert answer.choices[0].message.content == "at last"
    assert [request.headers["x-stainless-retry-count"] for request in model.requests] == ["0", "1", "2"]


def test_an_error_is_one_of_openai(model: ScriptedModel, client: OpenAI) -> None:
    """The SDK raises its own class with code, type and header."""
    name = model.register("busy", Script.of(Reply.error(429, "Slow down.", type="requests", code="rate_limit_exceeded", retry_after_s=7)))

    with pytest.raises(openai.RateLimitError, match=r"Slow down\.") as caught:
        client.chat.completions.create(model=name, messages=HELLO)

    assert (caught.value.code, caught.value.type, caught.value.response.headers["retry-after"]) == ("rate_limit_exceeded", "requests", "7")


@pytest.mark.parametrize("after_bytes", [0, 1, 50])
@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_breaks_where_the_script_says(model: ScriptedModel, http: httpx2.Client, after_bytes: int, *, stream: bool) -> None:
    """Before the status line, or after so many bytes of the body."""
    name = model.register("broken", Script.of(Reply(content="Hello " * 50, faults=(CloseFault(after_bytes=after_bytes),))))
    received = bytearray()

    def receive() -> None:
        with http.stream("POST", "/v1/chat/completions", json={"model": name, "messages": HELLO, "stream": stream}) as answer:
            for part in answer.iter_raw():
                received.extend(part)

    with pytest.raises(httpx2.RemoteProtocolError):
        receive()
    assert len(received) == after_bytes


@pytest.mark.parametrize(
    ("reply", "content_type", "text"),
    [
        (Reply.raw({"error": {"message": "overloaded", "code": 502}}), "application/json", '{"error":{"message":"overloaded","code":502}}'),
        (Reply.raw({"id": "x", "choices": None}), "application/json", '{"id":"x","choices":null}'),
        (
            Reply.raw("<html>Bad gateway</html>", status=502, content_type="text/html"),
            "text/html; charset=utf-8",
            "<html>Bad gateway</html>",
        ),
        (Reply.raw("data: {\n\n", content_type="text/event-stream"), "text/event-stream; charset=utf-8", "data: {\n\n"),
    ],
)
def test_a_raw_body_is_sent_as_it_stands(model: ScriptedModel, http: httpx2.Client, reply: Reply, content_type: str, text: str) -> None:
    """JSON or not."""
    name = model.register("raw", Script.of(reply))

    answer = http.post("/v1/chat/completions", json={"model": name, "messages": HELLO})

    assert (answer.headers["content-type"], answer.text) == (content_type, text)


def test_malformed_calls_arrive_as_written(model: ScriptedModel, client: OpenAI) -> None:
    """Text that is no JSON, repeated and missing ids, names that nobody offered."""
    calls = (
        ScriptedCall(name="a", arguments='{"city": "Tok', id="same"),
        ScriptedCall(name="no such tool!", id="same"),
        ScriptedCall(name="a", id=None),
    )
    name = model.register("malformed", Script.of(Reply(tool_calls=calls, finish_reason="length")))

    choice = client.chat.completions.create(model=name, messages=HELLO).choices[0]

    found = [call for call in choice.message.tool_calls or () if isinstance(call, ChatCompletionMessageFunctionToolCall)]
    assert [(call.id, call.function.name, call.function.arguments) for call in found] == [
        ("same", "a", '{"city": "Tok'),
        ("same", "no such tool!", "{}"),
        (None, "a", "{}"),
    ]
    assert choice.finish_reason == "length"


def test_an_illegal_transcript_is_refused_in_openais_words(client: OpenAI) -> None:
    """The SDK raises what it would raise there."""
    call: Any = {"id": "call_1", "type": "function", "function": {"name": "a", "arguments": "{}"}}

    with pytest.raises(openai.BadRequestError, match="did not have response messages: call_1") as caught:
        client.chat.completions.create(model="scripted", messages=[*HELLO, {"role": "assistant", "tool_calls": [call]}, *HELLO])

    assert caught.value.param == "messages.[2].role"


def test_the_log_holds_the_requests_without_their_keys(model: ScriptedModel, http: httpx2.Client, client: OpenAI) -> None:
    """In this process and over HTTP, until it is emptied."""
    model.forget_requests()
    client.chat.completions.create(model="scripted", messages=HELLO, seed=7)

    logged = http.get("/requests").json()["data"]
    emptied = http.delete("/requests").status_code

    assert [(each["body"]["seed"], each["body"]["messages"]) for each in logged] == [(7, HELLO)]
    assert "any key" not in json.dumps(logged)
    assert emptied == 204
    assert model.requests == ()


def test_many_are_answered_at_once(http: httpx2.Client) -> None:
    """A reply that waits holds up no other."""
    body = {"model": "scripted", "messages": HELLO, "script": {"replies": [{"content": "Hi", "latency_s": 0.5}]}}
    started = time.monotonic()

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(http.post, "/v1/chat/completions", json=body) for _ in range(20)]
        answers = [each.result().status_code for each in waiting]

    assert answers == [200] * 20
    assert time.monotonic() - started < 20 * 0.5


def test_a_body_that_is_too_long_is_refused(http: httpx2.Client) -> None:
    """With an error object, and the server lives on."""
    answer = http.post("/v1/chat/completions", content=b" " * (16 * 2**20 + 1))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert http.get("/healthz").json()["status"] == "ok"


def test_other_paths_say_where_model_calls_are(http: httpx2.Client) -> None:
    """In OpenAI's form, so that an SDK shows the sentence."""
    answer = http.post("/v1/embeddings", json={})

    assert answer.status_code == 404
    assert "POST /v1/chat/completions" in answer.json()["error"]["message"]


def test_a_server_stops_although_a_reply_waits() -> None:
    """The reply is cut off after a second."""
    with ThreadPoolExecutor(1) as pool:
        with ScriptedModel(Script.of(Reply(content="never", latency_s=600))) as running:
            asking = pool.submit(httpx2.post, f"{running.base_url}/chat/completions", json={"model": "any", "messages": HELLO}, timeout=60)
            while not running.requests:
                time.sleep(0.01)

        assert asking.result().status_code == 500


def command(*arguments: str) -> subprocess.Popen[str]:
    """`python -m orchestrator.llm.scripted` with these arguments."""
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator.llm.scripted", *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_command_serves_a_script_from_a_file(tmp_path: Path) -> None:
    """On a free port, which it names."""
    file = tmp_path / "script.json"
    file.write_text('{"replies": [{"content": "from a file"}]}')

    with command("--port", "0", "--script", str(file), "--latency-ms", "1") as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        url = next(word for line in lines for word in line.split() if word.startswith("http://"))
        answer = httpx2.post(f"{url}/v1/chat/completions", json={"model": "any", "messages": HELLO})
        process.terminate()
        process.communicate()

    assert answer.json()["choices"][0]["message"]["content"] == "from a file"


def test_the_command_names_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    """And starts nothing."""
    file = tmp_path / "script.json"
    file.write_text('{"replies": [{"content": 1}]}')

    with command("--script", str(file)) as process:
        _, said = process.communicate()

    assert process.returncode == 2
    assert said.strip() == f"error: {file}: replies[0].content: Input should be a valid string"
