"""HEAD has the status and headers of GET everywhere, without the body."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.app import PAGES, ROUTES
from service.campaigns import commands
from service.storage.database import Database
from tests.support import seeding
from tests.support.campaigns import wanted

VARYING = {"x-request-id", "date"}
NAMES = {"slug": "not-found", "trial_id": "1", "density_id": "1", "artifact_id": "1"}


def readable(router: APIRouter) -> list[str]:
    """Return every path of a router that answers GET."""
    return [
        route.path  # type: ignore[attr-defined]
        for route in router.routes
        if "GET" in (getattr(route, "methods", None) or ())
    ]


PATHS = sorted(path for module in (*ROUTES, *PAGES) for path in readable(module.router))


@pytest.fixture
def ids(sqlite_database: Database) -> dict[str, str]:
    job = seeding.succeeded(sqlite_database)
    made, _ = commands.submit(sqlite_database, wanted())
    return {"job_id": str(job.id), "campaign_id": str(made.id), **NAMES}


def test_every_address_answers_head_as_get(client: TestClient, ids: dict[str, str]) -> None:
    statuses = set()
    for template in (*PATHS, "/openapi.json", "/static-offline-docs/redoc.standalone.js"):
        whole = template.replace(":path}", "}")
        path = whole.format(dataset_id="9", import_id="9", webhook_id="own", name="trials", **ids)
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        left = [{k: v for k, v in a.headers.items() if k not in VARYING} for a in (got, head)]
        if template not in ("/metrics", "/readyz", "/"):  # whose length changes by themselves
            assert left[0] == left[1], path
        statuses.add(got.status_code)
    assert {200, 404} <= statuses


def test_an_address_without_get_has_no_head_either(client: TestClient) -> None:
    answer = client.head("/v1/jobs/1/pause")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_a_stream_without_end_answers_head_at_once(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.submit(sqlite_database, "waits")
    head = client.head(f"/v1/jobs/{job.id}/events")
    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")


def test_a_handlers_own_error_is_answered_as_for_get(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("service.storage.job_pages.page", broken)
    with capture_logs():
        assert client.head("/v1/jobs").status_code == 500
