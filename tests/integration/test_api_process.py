"""The API as a process of uvicorn."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

_HELLO = {"messages": [{"role": "user", "content": "Hello."}]}


class Server:
    """A running process and where it listens."""

    def __init__(self, environ: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        command = [sys.executable, "-m", "uvicorn", "orchestrator.app:app", "--host", "127.0.0.1", "--port", port]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=70, trust_env=False)

    def wait_until_live(self) -> None:
        for _ in range(600):
            try:
                self.client.get("/livez")
            except httpx2.TransportError:
                assert self.process.poll() is None, "the process has ended"
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the API does not answer")

    def stop(self) -> str:
        """What it logged."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=30)[1]

    def close(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def server(database_url: str, redis_url: str) -> Iterator[Server]:
    """The API, ready to answer."""
    server = Server(dict(os.environ) | {"DATABASE_URL": database_url, "REDIS_URL": redis_url})
    try:
        server.wait_until_live()
        yield server
    finally:
        server.close()


def test_a_stopping_server_lets_its_waiters_go(server: Server) -> None:
    """Who waits is answered 202 long before the time is over, and the process ends."""
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(server.client.post, "/v1/runs", json=_HELLO, headers={"Prefer": "wait=60"})
        while not server.client.get("/v1/runs").json()["data"]:
            time.sleep(0.02)
        server.stop()
        answer = waiting.result()

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert server.process.returncode in {0, -signal.SIGTERM}


def test_a_draining_server_says_so_first_and_serves_on(database_url: str, redis_url: str) -> None:
    """It is not ready at once, still starts runs, and ends when the time is over; who waits is answered then."""
    server = Server(dict(os.environ) | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TOOLCHORD_DRAIN_S": "4"})
    try:
        server.wait_until_live()
        ready = server.client.get("/readyz")
        with ThreadPoolExecutor(1) as callers:
            waiting = callers.submit(server.client.post, "/v1/runs", json=_HELLO, headers={"Prefer": "wait=60"})
            while not server.client.get("/v1/runs").json()["data"]:
                time.sleep(0.02)
            server.process.send_signal(signal.SIGTERM)
            while (stopping := server.client.get("/readyz")).status_code == 200:
                time.sleep(0.02)
            accepted = server.client.post("/v1/runs", json=_HELLO)
            server.process.communicate(timeout=60)
            answer = waiting.result()
    finally:
        server.close()

    assert (ready.json()["status"], stopping.json()["status"]) == ("ready", "stopping")
    assert (accepted.status_code, accepted.headers["connection"], answer.status_code) == (202, "close", 202)
    assert server.process.returncode in {0, -signal.SIGTERM}


def test_a_body_too_long_is_refused_before_it_is_sent(server: Server) -> None:
    """The header is enough: the answer comes while the body is still awaited, and the connection is closed."""
    address = (server.client.base_url.host, server.client.base_url.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(b"POST /v1/runs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99000000000000\r\n\r\n")
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"body_too_large" in answer


def test_the_log_holds_nothing_that_was_posted(server: Server) -> None:
    """Each record is one line of JSON; a request's body and query stay out of it."""
    server.client.post("/v1/runs", json={"messages": [{"role": "user", "content": "a private question"}]})
    server.client.get("/v1/runs", params={"metadata[customer]": "a private name"})
    server.client.post("/v1/runs", json={"messages": "a private mistake"})

    log = server.stop()

    assert ('"event": "request"' in log, "private" in log) == (True, False)
    assert all(line.startswith("{") for line in log.splitlines() if "request" in line)


def test_missing_settings_are_named(redis_url: str) -> None:
    """A process that cannot work ends at once and says what to set."""
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"REDIS_URL": redis_url}
    server = Server(environ)
    try:
        log = server.process.communicate(timeout=30)[1]
    finally:
        server.close()

    assert ("DATABASE_URL is not set" in log, "Traceback" in log, server.process.returncode != 0) == (True, False, True)


def test_a_reader_who_leaves_makes_room(database_url: str, redis_url: str) -> None:
    """His stream ends at once, though nothing happens to the run. A server that stops ends the others."""
    server = Server(dict(os.environ) | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TOOLCHORD_MAX_STREAMS": "1"})
    try:
        server.wait_until_live()
        path = f"{server.client.post('/v1/runs', json=_HELLO).headers['location']}/events"
        reading = {"Accept": "text/event-stream"}
        with server.client.stream("GET", path, headers=reading) as first:
            lines = first.iter_lines()
            while next(lines) != "event: run.queued":
                pass
            refused = server.client.get(path, headers=reading)
        for _ in range(200):
            with server.client.stream("GET", path, headers=reading) as second:
                if second.status_code == 200:
                    server.process.send_signal(signal.SIGTERM)
                    told = list(second.iter_lines())
                    break
            time.sleep(0.05)
        else:
            raise AssertionError("its place is still taken")
        server.process.communicate(timeout=30)
    finally:
        server.close()

    assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")
    assert "event: run.queued" in told
