"""The server's port: taken before anything else, refused in words, and its connections watched."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.cli.http_server import (
    PortInUseError,
    UnusableAddressError,
    _Server,
    address_of,
    bind,
    forwarding,
    run,
)
from service.errors import NoTokenError, UnsafeBindingError
from service.settings import Settings
from tests.support.product import environment

WAIVED = {"allow_remote": True, "allow_no_token": True}


@pytest.fixture
def used_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_in_use_is_refused_before_the_data_directory_is_touched(
    tmp_path: Path, used_port: int
) -> None:
    data_dir = tmp_path / "data"
    with pytest.raises(PortInUseError, match=rf"port {used_port} .* choose another port with"):
        run(Settings(port=used_port, data_dir=data_dir), with_dispatcher=True)
    assert not data_dir.exists()


def test_an_address_of_another_machine_is_refused_with_the_systems_reason(
    settings: Settings,
) -> None:
    # TEST-NET-1 (RFC 5737): no machine has it.
    elsewhere = settings.model_copy(update={"host": "192.0.2.1", **WAIVED})
    with pytest.raises(UnusableAddressError, match=r"cannot listen on 192\.0\.2\.1 port 0: "):
        bind(elsewhere)


def test_others_reach_it_only_where_that_is_allowed_by_name(settings: Settings) -> None:
    everywhere = settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104 - refused
    with pytest.raises(UnsafeBindingError):
        bind(everywhere)
    with pytest.raises(NoTokenError, match=r"DENSEARCH_TOKEN=.*--allow-no-token"):
        bind(everywhere.model_copy(update={"allow_remote": True}))
    for leave in (WAIVED, {"allow_remote": True, "token": SecretStr("a" * 16)}):
        with bind(everywhere.model_copy(update=leave))[0] as listener:
            port = listener.getsockname()[1]
            assert address_of(listener) == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_its_address_is_one_that_a_browser_takes(
    settings: Settings, host: str, shown: str
) -> None:
    with bind(settings.model_copy(update={"host": host}))[0] as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert address_of(listener) == f"http://{shown}:{port}"


def test_a_name_is_served_at_each_of_its_addresses(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
    found = [
        (socket.AF_INET6, *kind, ("::1", 0, 0, 0)),
        (socket.AF_INET, *kind, ("127.0.0.1", 0)),
        (socket.AF_INET, *kind, ("192.0.2.1", 0)),  # of no machine
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    listeners = bind(settings.model_copy(update={"host": "localhost"}))
    monkeypatch.undo()
    assert {listener.getsockname()[0] for listener in listeners} == {"::1", "127.0.0.1"}
    (port,) = {listener.getsockname()[1] for listener in listeners}
    for listener, address in zip(listeners, ("::1", "127.0.0.1"), strict=True):
        with listener, socket.create_connection((address, port)):
            pass


def test_accepted_connections_notice_within_a_minute_that_the_peer_is_gone(
    settings: Settings,
) -> None:
    with bind(settings)[0] as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            options = {name: getattr(socket, name) for name in vars(socket) if name[:4] == "TCP_"}
            found = {
                name: accepted.getsockopt(socket.IPPROTO_TCP, options[name])
                for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
            }
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    silent_s = found["TCP_KEEPIDLE"] + found["TCP_KEEPINTVL"] * found["TCP_KEEPCNT"]
    assert silent_s <= 60
    assert found["TCP_USER_TIMEOUT"] <= 60_000


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the client and the scheme it sees."""
    request = Request(scope)
    assert request.client is not None
    answer = PlainTextResponse(f"{request.client.host} {request.url.scheme}")
    await answer(scope, receive, send)


@pytest.mark.parametrize(
    ("trusted", "peer", "seen"),
    [
        (None, "127.0.0.1", "127.0.0.1 http"),
        ("10.0.0.0/8", "127.0.0.1", "127.0.0.1 http"),
        ("10.0.0.0/8", "10.1.2.3", "203.0.113.9 https"),
        ("127.0.0.1,::1", "127.0.0.1", "203.0.113.9 https"),
    ],
)
def test_what_is_forwarded_is_believed_of_named_proxies_alone(
    monkeypatch: pytest.MonkeyPatch, trusted: str | None, peer: str, seen: str
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own setting
    config = uvicorn.Config(who, log_config=None, **forwarding(Settings(trusted_proxies=trusted)))
    config.load()
    headers = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    client = TestClient(config.loaded_app, client=(peer, 5))
    assert client.get("/", headers=headers).text == seen


STUCK = """
import sys, time
from api import app as application
from api.cli import http_server
from service.settings import load
from service.storage import schema
from service.storage.database import Database

made = application.create_app

def with_a_long_request(settings, database):
    app = made(settings, database)
    app.get("/stuck")(lambda: time.sleep(600))  # in a thread, which nothing can end
    return app

application.create_app = with_a_long_request
schema.upgrade(Database(load().resolved_database_url))
http_server.run(load(port=0), with_dispatcher=False)
"""


def test_collections_leave_out_what_was_loaded_before_it_was_ready() -> None:
    n_frozen: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(PlainTextResponse("ok"), lifespan="off", log_config=None)
        config.load()

        def on_ready() -> None:
            n_frozen.append(gc.get_freeze_count())
            server.should_exit = True

        server = _Server(config, on_ready, lambda: None)
        try:
            asyncio.run(server.serve(sockets=[listener]))
        finally:
            gc.unfreeze()
    assert n_frozen[0] > 10_000


def test_sigterm_ends_it_within_seconds_while_a_request_takes_minutes(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", STUCK],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(DENSEARCH_DATA_DIR=str(tmp_path)),
    )
    assert server.stdout is not None
    with server, server.stdout:
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as stuck:
            stuck.sendall(b"GET /stuck HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            with socket.create_connection(("127.0.0.1", port)) as later:  # answered after it began
                later.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert later.recv(99).startswith(b"HTTP/1.1 200")
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0
