"""A service of a few lines that speaks HTTP on the loopback interface, and runs as it would tell them."""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

RUN_ID = "run_01JD3Z6Q4W8Y2K5N7R9T0V1X3B"
Json = dict[str, Any]


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    body: Json | None


class Service:
    """Answers each path with what it was told to, the last answer again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._answers: dict[tuple[str, str], list[tuple[int, Json]]] = {}

    def will_answer(self, method: str, path: str, *answers: Json, status: int = 200) -> None:
        self._answers[method, path] = [(status, answer) for answer in answers]

    def answer(self, method: str, path: str, body: Json | None) -> tuple[int, Json]:
        self.asked.append(Asked(method, path, body))
        answers = self._answers.get((method, path.partition("?")[0]))
        if not answers:
            return 404, problem(404, "There is no such run.")
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def serving(service: Service) -> Generator[str]:
    """The URL at which the service answers."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, answer = service.answer(self.command, self.path, json.loads(self.rfile.read(length)) if length else None)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _serve  # noqa: N815 - the names that the server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the overridden method's parameter
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def problem(status: int, detail: str, errors: Mapping[str, str] | None = None) -> Json:
    """A refusal as the API writes it."""
    fields = [{"field": field, "message": message} for field, message in (errors or {}).items()]
    return {
        "title": "Refused",
        "status": status,
        "detail": detail,
        "instance": "/v1/runs",
        "code": "refused",
        "request_id": "req_1",
        "errors": fields,
    }


def run(status: str = "completed", **fields: Any) -> Json:
    """A run with one turn of two calls, of which one failed, and its answer."""
    whole: Json = {
        **summary(status),
        "messages": [],
        "output": "It is clear in Tokyo." if status == "completed" else None,
        "turns": [turn(1), turn(2)],
        "tool_calls": [
            call(0, "get_weather", "succeeded", started_ms=10, ended_ms=310),
            call(1, "get_news", "failed", started_ms=20, ended_ms=120, error={"code": "tool_failed", "message": "No news."}),
        ],
    }
    return whole | fields


def summary(status: str = "completed") -> Json:
    """A run as it is listed."""
    return {
        "object": "run",
        "id": RUN_ID,
        "status": status,
        "model": "scripted",
        "created_at": at(0),
        "started_at": at(5),
        "finished_at": None if status in {"queued", "in_progress"} else at(500),
        "deadline_at": at(60_000),
        "tools": ["get_weather", "get_news"],
        "tool_choice": None,
        "parallel_tool_calls": None,
        "max_turns": 10,
        "max_parallel_tool_calls": 8,
        "turn_deadline_s": None,
        "start_within_s": None,
        "fail_fast": False,
        "metadata": {"customer": "c_42"},
        "usage": {"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234},
        "incomplete_details": None,
        "error": None,
    }


def turn(number: int) -> Json:
    """One model call."""
    return {
        "turn": number,
        "model": "scripted",
        "finish_reason": "stop",
        "request_id": None,
        "latency_ms": 20,
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        "finished_at": at(30),
    }


def call(index: int, name: str, status: str, *, started_ms: int | None = None, ended_ms: int | None = None, **fields: Any) -> Json:
    """A call of the first turn, created at 0 ms."""
    run_ms = ended_ms - started_ms if started_ms is not None and ended_ms is not None else None
    whole: Json = {
        "id": f"{RUN_ID}.1.{index}",
        "turn": 1,
        "index": index,
        "tool_call_id": f"call_{index}",
        "provider_call_id": f"call_{index}",
        "name": name,
        "arguments": '{"city":"Tokyo"}',
        "status": status,
        "outcome": status if ended_ms is not None else None,
        "attempt": 1,
        "max_attempts": 1,
        "worker": None if started_ms is None else "io@host",
        "queue": "io",
        "queue_wait_ms": started_ms,
        "run_ms": run_ms,
        "created_at": at(0),
        "started_at": None if started_ms is None else at(started_ms),
        "finished_at": None if ended_ms is None else at(ended_ms),
        "error": None,
        "truncated": False,
        "progress": None,
        "content": None,
    }
    return whole | fields


def tool(name: str, **fields: Any) -> Json:
    """A tool as the catalogue tells it."""
    whole: Json = {
        "object": "tool",
        "name": name,
        "description": "Get the weather.\n\nOf any city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        "strict": True,
        "queue": "io",
        "timeout_s": 5.0,
        "idempotent": True,
        "retries": 2,
        "max_result_bytes": 65536,
        "tags": ["demo"],
        "schema_hash": "ede506e2e395cfa6",
        "workers": 3,
        "live": True,
        "last_seen_at": at(0),
    }
    return whole | fields


def at(ms: int) -> str:
    """A time of one morning."""
    return (datetime(2026, 11, 21, 8, tzinfo=UTC) + timedelta(milliseconds=ms)).isoformat()
