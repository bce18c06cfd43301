"""One POST: to the address that was checked, its answer bounded in time and size."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.webhooks.addresses import resolve
from tests.support.webhook_receiver import Receiver, receiving
from workers import webhook_post
from workers.webhook_post import post

HEADERS = {"webhook-id": "msg_1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def naming(monkeypatch: pytest.MonkeyPatch, address_of: Callable[[], str]) -> None:
    """Have names below .example resolve to what a function returns."""
    real = socket.getaddrinfo

    def resolved(host: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as the original
        return real(address_of() if host.endswith(".example") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)


def test_the_message_arrives_as_it_is(receiver: Receiver) -> None:
    found = post(receiver.url, '{"a": 1}', HEADERS, allows_private=True)
    assert (found.status, found.error) == (204, None)
    (got,) = receiver.got
    assert (got.path, got.body) == ("/hook?of=densearch", '{"a": 1}')
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["webhook-id"] == "msg_1"
    assert got.headers["content-type"] == "application/json"


def test_nothing_is_sent_to_loopback_unless_allowed(receiver: Receiver) -> None:
    found = post(receiver.url, "{}", HEADERS, allows_private=False)
    assert found.status is None
    assert "not a public address" in str(found.error)
    assert receiver.got == []


def test_the_name_is_resolved_once_and_that_address_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time (DNS rebinding) is not asked a second time."""
    answers = ["127.0.0.1", "127.0.0.2"]
    naming(monkeypatch, lambda: answers.pop(0))
    url = receiver.url.replace("127.0.0.1", "hooks.example")
    assert post(url, "{}", HEADERS, allows_private=True).status == 204
    assert answers == ["127.0.0.2"]
    assert receiver.got[0].headers["host"] == f"hooks.example:{receiver.port}"


def test_an_address_that_says_nothing_leaves_time_to_the_next(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.2", receiver.port))
        silent.listen(0)
        for _ in range(4):  # the kernel answers no more than it queues
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.0)
            waiting.connect_ex(silent.getsockname())
        real = resolve(receiver.url, allows_private=True)
        both = replace(real, addresses=("127.0.0.2", "127.0.0.1"))
        monkeypatch.setattr(webhook_post, "resolve", lambda *_, **__: both)
        found = post(receiver.url, "{}", HEADERS, allows_private=True, limit_s=1.0)
    assert (found.status, found.error) == (204, None)


def test_a_slow_lookup_is_no_slow_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly() -> str:
        time.sleep(0.05)
        return "10.0.0.1"

    naming(monkeypatch, slowly)
    found = post("http://hooks.example/", "{}", HEADERS, allows_private=False, limit_s=0.01)
    assert "not a public address" in str(found.error)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    assert post(receiver.url, "{}", HEADERS, allows_private=True).status == status
    assert len(receiver.got) == 1


def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url, "{}", HEADERS, allows_private=True).status == 204


def test_a_receiver_that_drips_is_cut_off(receiver: Receiver) -> None:
    receiver.drip_s = 0.1  # each byte comes long before a time-out of the socket
    found = post(receiver.url, "{}", HEADERS, allows_private=True, limit_s=0.5)
    assert (found.status, found.error) == (None, "no answer within 0.5 s")


def test_of_a_long_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.n_bytes = 50_000_000
    assert post(receiver.url, "{}", HEADERS, allows_private=True).status == 204


def test_what_is_no_http_and_nobody_at_all_are_reasons() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65_536)
                peer.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
                time.sleep(0.05)

        threading.Thread(target=answer, daemon=True).start()
        url = f"http://127.0.0.1:{port}/"
        assert "no HTTP" in str(post(url, "{}", HEADERS, allows_private=True).error)
    assert "refused" in str(post(url, "{}", HEADERS, allows_private=True).error).lower()


def test_a_certificate_of_another_name_is_refused_and_the_right_one_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The certificate is held against the name in the URL, not the address connected to."""
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *kind, *names, *files], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(webhook_post, "_tls", lambda: trusting)

    naming(monkeypatch, lambda: "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for _ in range(2):
                peer, _ = listener.accept()
                try:
                    with server.wrap_socket(peer, server_side=True) as secured:
                        while not secured.recv(65_536).endswith(b"{}"):
                            pass
                        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    continue

        threading.Thread(target=answer, daemon=True).start()
        port = listener.getsockname()[1]
        wrong = post(f"https://other.example:{port}/", "{}", HEADERS, allows_private=True)
        right = post(f"https://hooks.example:{port}/", "{}", HEADERS, allows_private=True)
    assert "certificate" in str(wrong.error)
    assert (right.status, right.error) == (200, None)
