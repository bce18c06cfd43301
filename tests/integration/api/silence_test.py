"""A database that falls silent: every request is answered, and the service comes back."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn

from api.app import create_app
from service.jobs import leases
from service.records import Json
from service.settings import Settings
from service.storage import postgresql
from service.storage.database import Database
from tests.chaos.proxy import Mode, Proxy
from tests.support.specs import SPHERE

# More than the threads that answer.
N_REQUESTS = 60
LIMIT_S = 6.0
# How long an answer may take on a busy machine; unguarded ones never arrive.
PATIENCE_S = 60.0


@contextmanager
def served(settings: Settings, database: Database) -> Iterator[httpx2.Client]:
    app = create_app(settings, database)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        limits = httpx2.Limits(max_connections=None)
        address = f"http://{host}:{port}"
        with httpx2.Client(base_url=address, timeout=PATIENCE_S, limits=limits) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)


@pytest.fixture
def client(
    proxy: Proxy,
    postgresql_database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[httpx2.Client]:
    """Client of a server whose database is behind the proxy, with some connections open."""
    monkeypatch.setattr(postgresql, "PING_S", 1.0)
    leases.register(postgresql_database, 1, {})
    distant = proxy.url_of(postgresql_database.url.render_as_string(hide_password=False))
    behind = Database(distant + "?connect_timeout=2")
    limited = settings.model_copy(update={"request_timeout_s": LIMIT_S})
    with served(limited, behind) as made:
        assert made.post("/v1/jobs", json=SPHERE).status_code == 202
        statuses(made, 12)
        yield made
        proxy.mode = "pass"
    behind.close()


def statuses(client: httpx2.Client, n_requests: int) -> Counter[int]:
    """Send many requests of all kinds at once; each must be answered."""
    sorts: list[tuple[str, str, object]] = [
        ("GET", "/v1/jobs", None),
        ("POST", "/v1/jobs", SPHERE),
        ("GET", "/", None),
        ("GET", "/readyz", None),
        ("GET", "/metrics", None),
        ("GET", "/v1/jobs/1/events", None),
    ]

    def ask(number: int) -> int:
        method, path, body = sorts[number % len(sorts)]
        with client.stream(method, path, json=body) as answer:
            if answer.status_code == 503 and path != "/readyz":
                assert answer.headers["retry-after"]
            return answer.status_code

    with ThreadPoolExecutor(n_requests) as pool:
        return Counter(pool.map(ask, range(n_requests)))


def wait_until_back(client: httpx2.Client) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while client.post("/v1/jobs", json=SPHERE).status_code != 202:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_database_that_is_silent_on_all_connections_is_503_until_it_answers(
    proxy: Proxy, client: httpx2.Client
) -> None:
    proxy.mode = "silent"
    found = statuses(client, N_REQUESTS)
    assert found.keys() <= {200, 503}
    assert found[200] <= N_REQUESTS // 6  # /metrics says that the database is down
    assert client.get("/healthz").status_code == 200
    proxy.mode = "pass"
    wait_until_back(client)


def test_faulty_connections_are_left_for_new_ones(proxy: Proxy, client: httpx2.Client) -> None:
    modes: list[Mode] = ["silent", "delay", "drop"]
    for mode in modes:
        time.sleep(postgresql.HEARD_S)  # one that was just heard is not pinged
        proxy.set_open(mode)
        wait_until_back(client)
        assert client.get("/readyz").status_code == 200


def readiness(client: httpx2.Client) -> list[Json]:
    """Return the checks, once they are quick enough for a short deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while "checks" not in (found := client.get("/readyz").json()):
        assert time.monotonic() < deadline, found
    checks: list[Json] = found["checks"]
    return checks


def test_blocked_threads_keep_nobody_from_the_health_of_the_process(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def blocked(*_: object, **__: object) -> list[object]:
        release.wait(PATIENCE_S)
        return []

    monkeypatch.setattr("service.storage.job_pages.page", blocked)
    limited = settings.model_copy(update={"request_timeout_s": 1.0})
    with served(limited, sqlite_database) as client, ThreadPoolExecutor(N_REQUESTS) as pool:
        waiting = [pool.submit(client.get, "/v1/jobs") for _ in range(N_REQUESTS)]
        try:
            answers = [each.result(PATIENCE_S) for each in waiting]
            assert {answer.status_code for answer in answers} == {503}
            assert answers[0].json()["type"] == "/problems/deadline-exceeded"
            assert client.get("/healthz").status_code == 200  # all threads are still busy
            checks = readiness(client)
            assert [check["name"] for check in checks if check["ok"]] == [
                *("database", "migrations", "data directory")
            ]
        finally:
            release.set()


def test_a_sqlite_file_that_another_process_keeps_locked_is_503_in_time(
    settings: Settings, sqlite_database: Database
) -> None:
    holder = sqlite3.connect(str(sqlite_database.url.database), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    limited = settings.model_copy(update={"request_timeout_s": 1.0})
    with served(limited, sqlite_database) as client:
        started = time.monotonic()
        refused = client.post("/v1/jobs", json=SPHERE)
        assert time.monotonic() - started < 20  # a lock is otherwise waited for for 30 s
        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert client.get("/v1/jobs").status_code == 200
        holder.close()
        wait_until_back(client)
