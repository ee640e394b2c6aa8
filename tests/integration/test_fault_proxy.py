"""The proxy of the fault campaign is the network that it is told to be."""

import socket
import socketserver
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.campaign.proxy import Proxies, Proxy, Shape, Way


class _Echo(socketserver.BaseRequestHandler):
    """Sends back what comes, and ends when nothing more comes."""

    def handle(self) -> None:
        while data := self.request.recv(1024):
            self.request.sendall(data)


class _EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Resets are what these tests make."""


@pytest.fixture
def proxy() -> Generator[Proxy]:
    """A proxy in front of a server that sends everything back."""
    with _EchoServer(("127.0.0.1", 0), _Echo) as server, Proxies() as proxies:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield proxies.add(("127.0.0.1", int(server.server_address[1])))
        server.shutdown()


def _dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


def _asks(connection: socket.socket, text: bytes = b"hello") -> bytes:
    connection.sendall(text)
    return connection.recv(1024)


def _read_all(connection: socket.socket) -> None:
    while connection.recv(1024):
        pass


def test_by_default_it_passes_everything(proxy: Proxy) -> None:
    """Both ways, and the end of each."""
    with _dial(proxy) as connection:
        assert _asks(connection) == b"hello"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1024) == b""


def test_a_unix_socket_is_reached_too(tmp_path: Path) -> None:
    """As embedded Postgres listens."""
    path = tmp_path / "socket"
    with socketserver.ThreadingUnixStreamServer(str(path), _Echo) as server, Proxies() as proxies:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with _dial(proxies.add(path)) as connection:
            assert _asks(connection) == b"hello"
        server.shutdown()


def test_a_delay_holds_bytes_back(proxy: Proxy) -> None:
    """Each way has its own."""
    proxy.shape(Shape(delay_s=0.2, jitter_s=0.1), Way.DOWN)
    with _dial(proxy) as connection:
        began = time.monotonic()
        assert _asks(connection) == b"hello"
        assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("way", Way)
def test_silence_closes_nothing_and_what_was_sent_arrives_after_it(proxy: Proxy, way: Way) -> None:
    """As when a cable is out for a while."""
    with _dial(proxy) as connection:
        assert _asks(connection) == b"hello"
        proxy.shape(Shape(silent=True), way)
        connection.sendall(b"again")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1024)
        proxy.heal()
        connection.settimeout(20)
        assert connection.recv(1024) == b"again"


def test_a_cut_is_a_reset(proxy: Proxy) -> None:
    """The connections that there are get one; new ones are taken."""
    with _dial(proxy) as connection:
        assert _asks(connection) == b"hello"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1024)
    with _dial(proxy) as connection:
        assert _asks(connection) == b"hello"


def test_a_half_close_ends_one_way_only(proxy: Proxy) -> None:
    """The client reads the end, and the server hears it still."""
    with _dial(proxy) as connection:
        assert _asks(connection) == b"hello"
        proxy.half_close(Way.DOWN)
        assert connection.recv(1024) == b""
        connection.sendall(b"heard")
        assert proxy.connections == 1


def test_a_truncated_answer_ends_in_a_reset(proxy: Proxy) -> None:
    """The first bytes come, then the connection is gone."""
    proxy.shape(Shape(truncate_after=3), Way.DOWN)
    with _dial(proxy) as connection:
        connection.sendall(b"hello")
        with pytest.raises(ConnectionResetError):
            _read_all(connection)


def test_refused_connections_are_taken_again_after_healing(proxy: Proxy) -> None:
    """On the same port."""
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        _dial(proxy)
    proxy.heal()
    with _dial(proxy) as connection:
        assert _asks(connection) == b"hello"
