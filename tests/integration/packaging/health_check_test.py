"""The image's health check, run as the container runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.root import ROOT


class _Healthy(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()


@pytest.mark.parametrize("is_alive", [True, False])
def test_proxies_of_the_environment_do_not_matter(is_alive: bool) -> None:
    found = re.search(
        r"^HEALTHCHECK .*?CMD (\[.*?\])$", (ROOT / "Dockerfile").read_text(), re.S | re.M
    )
    assert found is not None
    with HTTPServer(("127.0.0.1", 0), _Healthy) as server:
        port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        if is_alive:
            thread.start()
        else:
            server.server_close()
        command = [
            part.replace("127.0.0.1:8080", f"127.0.0.1:{port}") for part in json.loads(found[1])
        ]
        proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://192.0.2.1:9")
        done = subprocess.run(
            [sys.executable, *command[1:]],
            env={**os.environ, **proxies, "no_proxy": ""},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode == 0) == is_alive, done.stderr
        if is_alive:
            server.shutdown()
            thread.join()
