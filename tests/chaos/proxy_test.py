"""The proxy follows its modes: other tests rely on it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.chaos.proxy import Proxy

SHORT_S = 0.3
PATIENCE_S = 30.0


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """A proxy in front of an echo server."""
    listener = socket.create_server(("127.0.0.1", 0))

    def echo(connection: socket.socket) -> None:
        with connection:
            try:
                while block := connection.recv(1000):
                    connection.sendall(block)
            except OSError:
                return

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with Proxy(listener.getsockname(), delay_s=SHORT_S) as made:
        yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.url_port), timeout=PATIENCE_S)


def ask(connection: socket.socket, timeout_s: float = PATIENCE_S) -> bytes:
    connection.settimeout(timeout_s)
    connection.sendall(b"hello")
    return connection.recv(1000)


def is_cut(connection: socket.socket) -> bool:
    try:
        return ask(connection) == b""
    except ConnectionError:
        return True


def test_silence_holds_bytes_back_and_its_end_lets_them_pass(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection) == b"hello"
        proxy.mode = "silent"
        with pytest.raises(TimeoutError):
            ask(connection, SHORT_S)
        with connect(proxy) as late, pytest.raises(TimeoutError):
            ask(late, SHORT_S)
        proxy.mode = "pass"
        connection.settimeout(PATIENCE_S)
        assert connection.recv(1000) == b"hello"


def test_open_connections_may_be_silent_while_new_ones_work(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert ask(old) == b"hello"
        proxy.set_open("silent")
        with pytest.raises(TimeoutError):
            ask(old, SHORT_S)
        with connect(proxy) as new:
            assert ask(new) == b"hello"
        assert proxy.n_open >= 1


def test_dropping_resets_old_and_new_connections(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert ask(old) == b"hello"
        proxy.mode = "drop"
        assert is_cut(old)
    with connect(proxy) as new:
        assert is_cut(new)


def test_delay_adds_to_each_way(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        proxy.mode = "delay"
        started = time.monotonic()
        assert ask(connection) == b"hello"
        assert time.monotonic() - started >= 2 * SHORT_S
