"""Connections as a hostile or broken client makes them, byte for byte, against a real server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from api.app import create_app
from api.cli.http_server import bind
from api.middleware import connections
from api.middleware.connections import HttpConnection
from service.settings import Settings
from service.storage.database import Database

PATIENCE_S = 30.0
OK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def port(settings: Settings, sqlite_database: Database) -> Iterator[int]:
    """A server with our connections, in a thread."""
    with bind(settings)[0] as listener:
        app = create_app(settings, sqlite_database)
        config = uvicorn.Config(app, http=HttpConnection, ws="none", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        app.state.ending.set()
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def read_to_end(client: socket.socket) -> bytes:
    found = b""
    while block := client.recv(65536):
        found += block
    return found


def ask(port: int, request: bytes) -> tuple[int, dict[str, object]]:
    """Send bytes, read until the server closes, and return the first answer."""
    with connect(port) as client:
        client.sendall(request)
        head, _, body = read_to_end(client).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def lines(*given: str, body: str = "") -> bytes:
    return "\r\n".join([*given, "", body]).encode("latin-1")


POST = "POST /v1/jobs HTTP/1.1"
HOST = "Host: localhost"
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
SMUGGLED = "0\r\n\r\nGET /v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        lines(POST, HOST, JSON, "Content-Length: 5", CHUNKED, body=SMUGGLED),
        lines(POST, HOST, JSON, CHUNKED, "Content-Length: 5", body=SMUGGLED),
        lines(POST, HOST, JSON, "content-length: 0", "transfer-ENCODING: Chunked", body=SMUGGLED),
        lines(POST, HOST, JSON, "Content-Length: 5", "Content-Length: 6", body=SMUGGLED),
        lines(POST, HOST, JSON, "Content-Length: 5, 6", body=SMUGGLED),
        lines(POST, HOST, JSON, "Content-Length: +5", body=SMUGGLED),
        lines(POST, HOST, JSON, "Content-Length: 5 5", body=SMUGGLED),
        lines(POST, HOST, JSON, "Content-Length: -1", body=SMUGGLED),
        lines(POST, HOST, JSON, "Content-Length : 5", body=SMUGGLED),
        lines(POST, HOST, JSON, "Transfer-Encoding: gzip, chunked", body=SMUGGLED),
        lines(POST, HOST, JSON, "Transfer-Encoding: identity", body=SMUGGLED),
        lines(POST, HOST, JSON, CHUNKED, CHUNKED, body=SMUGGLED),
        lines(POST, HOST, JSON, "Transfer-Encoding: \x0bchunked", body=SMUGGLED),
        lines("POST /v1/jobs HTTP/1.0", HOST, JSON, CHUNKED, body=SMUGGLED),
        lines(POST, HOST, "X: a\x00b"),
        lines(POST, HOST, "X: a\rContent-Length: 5"),
        lines(POST, HOST, "X y: a"),
        lines(POST, HOST, ": a"),
        lines(POST, "Host: localhost", "Host: evil.example"),
        lines("GET /v1/jobs HTTP/1.1"),
        lines("GET /v1/jobs HTTP/2.0", HOST),
        lines("GET /a b HTTP/1.1", HOST),
        lines("GET http://evil.example/v1/jobs HTTP/1.1", HOST),
        lines("GET http://localhost@evil.example/v1/jobs HTTP/1.1", HOST),
        lines("GET gopher://localhost/v1/jobs HTTP/1.1", HOST),
        lines("CONNECT localhost:80 HTTP/1.1", HOST),
        lines("GET v1/jobs HTTP/1.1", HOST),
        lines("GET /v1/jobs HTTP/1.1", HOST, f"X: {'a' * 70_000}"),
        lines(f"GET /{'a' * 70_000} HTTP/1.1", HOST),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10 + b"\r\n\r\n",
        lines(POST, HOST, JSON, CHUNKED, body="-1\r\n"),
        lines(POST, HOST, JSON, CHUNKED, body="zz\r\n"),
    ],
    ids=lambda given: repr(given[:60]),
)
def test_what_two_readers_could_read_differently_is_refused_and_the_connection_closed(
    port: int, request_bytes: bytes
) -> None:
    status, problem = ask(port, request_bytes)
    assert status == 400
    assert problem["type"] == "/problems/bad-request"


def test_the_whole_address_in_the_first_line_is_taken_where_it_names_the_host(port: int) -> None:
    for target in ("http://localhost/healthz", "HTTP://LOCALHOST/healthz", "/healthz"):
        status, answer = ask(port, lines(f"GET {target} HTTP/1.1", HOST, "Connection: close"))
        assert (status, answer) == (200, {"status": "ok"})


def test_http_1_0_without_host_is_answered(port: int) -> None:
    assert ask(port, lines("GET /healthz HTTP/1.0"))[0] == 200


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(connections, "TICK_S", 0.05)
    for name in ("HEAD_S", "BODY_WINDOW_S", "STALL_S"):
        monkeypatch.setattr(connections, name, 0.5)
    return monkeypatch


@pytest.mark.usefixtures("hasty")
def test_a_client_that_connects_and_says_nothing_is_let_go_without_an_answer(port: int) -> None:
    with connect(port) as client:
        assert read_to_end(client) == b""


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "begun",
    [
        b"G",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"\r\n",
        lines(POST, HOST, JSON, "Content-Length: 9000", body='{"name'),
        lines(POST, HOST, JSON, CHUNKED, body='5\r\n{"nam'),
        lines("POST /v1/datasets?name=x HTTP/1.1", HOST, "Content-Length: 9000000", body="PK"),
    ],
    ids=lambda given: repr(given[:60]),
)
def test_a_request_that_is_never_finished_ends_with_408(port: int, begun: bytes) -> None:
    with connect(port) as client:
        client.sendall(begun)
        answer = read_to_end(client)
    # An empty line before a request does not belong to it.
    assert answer.startswith(b"HTTP/1.1 408 ") or begun == b"\r\n"


def trickle(client: socket.socket, piece: bytes) -> bytes:
    """Send a piece again and again until the server has enough, and return its answer."""
    client.settimeout(0.02)
    found, deadline = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            client.sendall(piece)
            block = client.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return found
        if not block:
            return found
        found += block
    raise TimeoutError("the server goes on to wait")


@pytest.mark.usefixtures("hasty")
def test_a_head_and_a_body_byte_by_byte_end_too(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert trickle(client, b"a").startswith(b"HTTP/1.1 408 ")
    with connect(port) as client:
        client.sendall(lines(POST, HOST, JSON, "Content-Length: 900000"))
        assert trickle(client, b" ").startswith(b"HTTP/1.1 408 ")
    # After an answer, too, the rest of a refused body is dropped, within a limit.
    with connect(port) as client:
        client.sendall(OK + b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert b"HTTP/1.1 408 " in trickle(client, b"a")


def test_a_slow_upload_may_take_many_windows(port: int, hasty: pytest.MonkeyPatch) -> None:
    hasty.setattr(connections, "BODY_BYTES", 10)
    body = b"[" + b" " * 600 + b"]"
    with connect(port) as client:
        client.sendall(
            lines(POST, HOST, JSON, f"Content-Length: {len(body)}", "Connection: close")
        )
        for start in range(0, len(body), 20):
            client.sendall(body[start : start + 20])
            time.sleep(0.06)  # 1.8 s in all, over three windows of half a second
        assert read_to_end(client).startswith(b"HTTP/1.1 422 ")


@pytest.mark.usefixtures("hasty")
def test_a_client_that_waits_for_leave_to_send_is_not_timed(port: int) -> None:
    """A client's time counts only after the server has asked for its body."""
    with connect(port) as client:
        headers = lines(POST, HOST, JSON, "Content-Length: 2", "Expect: 100-continue")
        client.sendall(headers)
        assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
        assert read_to_end(client).startswith(b"HTTP/1.1 408 ")


@pytest.mark.usefixtures("hasty")
def test_an_idle_event_stream_outlives_every_limit_on_requests(port: int) -> None:
    spec = json.dumps(
        {
            "name": "idle",
            "seed": 0,
            "task": {"kind": "function", "name": "sphere", "dimension": 2},
            "samplers": ["random"],
            "budget": {"n_trials": 2},
        }
    )
    length = f"Content-Length: {len(spec)}"
    status, job = ask(port, lines(POST, HOST, JSON, length, "Connection: close", body=spec))
    assert status == 202, job
    with connect(port) as client:
        client.sendall(lines(f"GET /v1/jobs/{job['id']}/events HTTP/1.1", HOST))
        seen = b""
        while b"QUEUED" not in seen:
            seen += client.recv(65536)
        client.settimeout(2.0)
        with pytest.raises(TimeoutError):
            client.recv(65536)
        cancel = f"POST /v1/jobs/{job['id']}/cancel HTTP/1.1"
        assert ask(port, lines(cancel, HOST, "Connection: close"))[0] == 200
        client.settimeout(PATIENCE_S)
        while b"CANCELLED" not in seen:
            seen += client.recv(65536)


@pytest.mark.usefixtures("hasty")
def test_a_client_that_never_reads_is_cut_off(port: int) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.settimeout(PATIENCE_S)
        # Pipelined requests: their answers pile up until neither side can send.
        with pytest.raises(ConnectionError):
            _send_for_ever(client, lines("GET /openapi.json HTTP/1.1", HOST) * 100)


def _send_for_ever(client: socket.socket, block: bytes) -> None:
    while True:
        client.sendall(block)


def test_connections_beyond_the_limit_are_answered_503(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    held = [connect(port) for _ in range(3)]
    for client in held:
        client.sendall(OK)
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
    status, problem = ask(port, b"")
    assert (status, problem["type"]) == (503, "/problems/too-many-connections")
    for client in held:
        client.close()
    deadline = time.monotonic() + PATIENCE_S
    while ask(port, lines("GET /healthz HTTP/1.1", HOST, "Connection: close"))[0] != 200:
        assert time.monotonic() < deadline
