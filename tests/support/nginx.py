"""A real nginx with TLS on a free port, by the files that `deploy/` documents."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.root import ROOT

# Debian has it where only root's PATH leads.
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
FRAME = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
PATIENCE_S = 30.0


def _certificate(folder: Path) -> None:
    options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(["openssl", "req", *options, *names, *files], check=True, capture_output=True)


@contextmanager
def nginx(name: str, folder: Path, *, port: int, upstream: int) -> Iterator[None]:
    """Run nginx by `deploy/<name>`, with no more changed than a user changes.

    Args:
        name: Of the documented file.
        folder: Takes the certificate and what nginx writes.
        port: On which it listens, with TLS.
        upstream: The server's port.
    """
    assert PROGRAM is not None
    _certificate(folder)
    site = (ROOT / "deploy" / name).read_text()
    for documented, here in (
        ("listen 443 ", f"listen 127.0.0.1:{port} "),
        ("lab.example.org;", "localhost;"),
        ("/etc/ssl/densearch/", f"{folder}/"),
        ("127.0.0.1:8080/", f"127.0.0.1:{upstream}/"),
    ):
        assert documented in site, documented
        site = site.replace(documented, here)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder))
    process = subprocess.Popen([PROGRAM, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        _wait_for(port, process, folder / "error.log")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        else:
            return
