"""A receiver of webhooks on loopback: keeps what it gets, and answers as it is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE_S = 30.0


@dataclass
class Got:
    """A request: its path, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """See the module.

    Attributes:
        statuses: Of the next answers, in order; then 204.
        location: Of redirects.
        drip_s: Pause between the bytes of the head of an answer; 0 for none.
        n_bytes: Length of an answer's body.
    """

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    location: str = "/elsewhere"
    drip_s: float = 0.0
    n_bytes: int = 0
    got: list[Got] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=densearch"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Got(request.path, headers, body))
        if self.drip_s:
            for byte in b"HTTP/1.1 200 OK\r\n":
                request.wfile.write(bytes([byte]))
                time.sleep(self.drip_s)
            return
        request.send_response(self.statuses.pop(0) if self.statuses else 204)
        request.send_header("Location", self.location)
        request.send_header("Content-Length", str(self.n_bytes))
        request.end_headers()
        request.wfile.write(bytes(self.n_bytes))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver for the block."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                made.answer(self)
            except OSError:
                return  # the sender has closed the connection

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def wait_for(found: Callable[[], object]) -> None:
    """Wait until something holds, at most `PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listens(port: int) -> bool:
    """Whether a process listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
