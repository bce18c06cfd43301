"""Readiness says what is missing; the metrics follow the database."""

from __future__ import annotations

from starlette.testclient import TestClient

from api.app import create_app
from api.dashboard.pages.job_head import TABS
from densearch.answers import FAILED_START
from service import start_failures
from service.jobs import leases
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database
from tests.support.specs import submit


def _checks(client: TestClient) -> tuple[int, dict[str, bool]]:
    answer = client.get("/readyz")
    body = answer.json()
    assert body["ready"] == all(check["ok"] for check in body["checks"])
    return answer.status_code, {check["name"]: check["ok"] for check in body["checks"]}


def test_the_service_is_ready_once_a_dispatcher_lives(
    both: TestClient, database: Database
) -> None:
    sound = {"database": True, "migrations": True, "data directory": True}
    assert _checks(both) == (503, {**sound, "dispatcher": False})
    dispatcher = leases.register(database, 2, {})
    assert _checks(both) == (200, {**sound, "dispatcher": True})
    leases.resign(database, dispatcher)
    assert _checks(both)[0] == 503


def test_why_no_dispatcher_starts_is_said_until_one_has(
    both: TestClient, database: Database, settings: Settings
) -> None:
    start_failures.keep(settings.data_dir, "Ray does not start")
    job_id = submit(both)
    for detail in (
        both.get("/readyz").json()["checks"][-1]["detail"],
        both.get(f"/v1/jobs/{job_id}").json()["waits_for"],
        both.get("/v1/jobs").json()["items"][0]["waits_for"],
    ):
        assert detail == f"{FAILED_START}: Ray does not start"
    pages = [f"/jobs/{job_id}/{tab.name}".rstrip("/") for tab in TABS]
    report = f"/v1/jobs/{job_id}/report?format=html"
    for path in ("/", report, *pages):
        page = both.get(path).text
        assert "the last start failed: Ray does not start" in page, path
    leases.register(database, 1, {})
    for path in ("/", report, *pages):
        assert "Ray does not start" not in both.get(path).text, path
    assert both.get("/readyz").json()["ready"]


def test_dispatchers_without_workers_are_not_ready(both: TestClient, database: Database) -> None:
    leases.register(database, 0, {"cpus": 0.0})
    assert _checks(both)[0] == 503
    (check,) = [c for c in both.get("/readyz").json()["checks"] if c["name"] == "dispatcher"]
    assert check["detail"].startswith("1 alive, 0 workers: the Ray cluster has no node with CPUs")
    leases.register(database, 2, {"cpus": 2.0})  # another one, with workers
    assert _checks(both)[0] == 200


def test_without_ray_no_workers_are_missed(database: Database, settings: Settings) -> None:
    alone = settings.model_copy(update={"ray_address": "none"})
    with TestClient(create_app(alone, database), base_url="http://localhost") as client:
        assert _checks(client)[0] == 503
        leases.register(database, 0, {"cpus": 0.0})
        assert _checks(client)[0] == 200


def test_a_data_directory_that_is_gone_is_not_ready(
    database: Database, settings: Settings
) -> None:
    gone = settings.model_copy(update={"data_dir": settings.data_dir / "gone"})
    leases.register(database, 2, {})
    with TestClient(create_app(gone, database), base_url="http://localhost") as client:
        status, checks = _checks(client)
        assert (status, checks["data directory"]) == (503, False)
        assert "is not there: mount its disk" in client.get("/system").text


def test_another_schema_is_not_ready(both: TestClient, database: Database) -> None:
    schema.downgrade(database, "base")
    status, checks = _checks(both)
    assert status == 503
    assert checks["database"]
    assert not checks["migrations"]
    answer = both.get("/v1/jobs")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/schema-outdated")
    assert "densearch db upgrade" in answer.json()["detail"]
    assert both.get("/healthz").status_code == 200


def test_a_database_that_is_gone_is_not_ready(settings: Settings) -> None:
    broken = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    with TestClient(create_app(settings, broken), base_url="http://localhost") as client:
        assert _checks(client) == (503, {"database": False})
        assert client.get("/v1/jobs").status_code == 503
        assert "densearch_database_up 0.0" in client.get("/metrics").text
    broken.close()
