"""A reverse proxy below a path, as people write them: one prefix off, one connection a request."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class PrefixProxy:
    """A running proxy; `refused` has each path that was asked for outside the prefix."""

    port: int
    prefix: str
    refused: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Browsers drop connections; that is no fault."""


@contextmanager
def prefix_proxy(
    upstream: int, prefix: str, *, keeps_host: bool = False, keeps_prefix: bool = False
) -> Iterator[PrefixProxy]:
    """Serve a server of this machine below `prefix`.

    Args:
        upstream: Port of the server.
        prefix: Such as "/densearch".
        keeps_host: Whether the browser's Host header is passed on.
        keeps_prefix: Whether the prefix stays on the path.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def forward(self) -> None:
            if not self.path.startswith(prefix):
                proxy.refused.append(self.path)
                self.send_response(404)
                self.send_header("content-length", "0")
                self.end_headers()
                return
            path = self.path if keeps_prefix else self.path[len(prefix) :] or "/"
            body = self.rfile.read(int(self.headers.get("content-length") or 0)) or None
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            if not keeps_host:
                headers["Host"] = f"127.0.0.1:{upstream}"
            connection = http.client.HTTPConnection("127.0.0.1", upstream)
            try:
                connection.request(self.command, path, body, headers)
                self.pass_back(connection.getresponse())
            except OSError:
                pass
            finally:
                connection.close()

        def pass_back(self, answer: http.client.HTTPResponse) -> None:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            while data := answer.read1(65536):
                self.wfile.write(data)
                self.wfile.flush()

        do_GET = do_HEAD = do_POST = do_DELETE = forward  # noqa: N815 - names of the standard library

    server = _Quiet(("127.0.0.1", 0), Handler)
    proxy = PrefixProxy(server.server_address[1], prefix)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
