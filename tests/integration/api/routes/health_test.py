"""Readiness says what is missing; the metrics follow the database."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from api.problems.kinds import PROBLEMS
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
    assert _checks(both) == (503, {"database": True, "migrations": True, "dispatcher": False})
    dispatcher = leases.register(database, 2, {})
    assert _checks(both) == (200, {"database": True, "migrations": True, "dispatcher": True})
    leases.resign(database, dispatcher)
    assert _checks(both)[0] == 503


def test_dispatchers_without_workers_are_not_ready(both: TestClient, database: Database) -> None:
    leases.register(database, 0, {"cpus": 0.0})
    assert _checks(both)[0] == 503
    (check,) = [c for c in both.get("/readyz").json()["checks"] if c["name"] == "dispatcher"]
    assert check["detail"].startswith("1 alive, 0 workers: the Ray cluster has no node with CPUs")
    leases.register(database, 2, {"cpus": 2.0})  # another one, with workers
    assert _checks(both)[0] == 200


def test_another_schema_is_not_ready(both: TestClient, database: Database) -> None:
    schema.downgrade(database, "base")
    status, checks = _checks(both)
    assert status == 503
    assert checks["database"]
    assert not checks["migrations"]
    assert both.get("/healthz").status_code == 200


def test_a_database_that_is_gone_is_not_ready(settings: Settings) -> None:
    broken = Database("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    with TestClient(create_app(settings, broken), base_url="http://localhost") as client:
        assert _checks(client) == (503, {"database": False})
        assert client.get("/v1/jobs").status_code == 503
        assert "densearch_database_up 0.0" in client.get("/metrics").text
    broken.close()


def _samples(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_requests_and_jobs(both: TestClient, database: Database) -> None:
    submit(both)
    both.post("/v1/jobs/1/cancel")
    submit(both)
    both.get("/v1/jobs/77")
    leases.register(database, 2, {})
    found = _samples(both)
    assert found["densearch_database_up", ()] == 1
    assert found["densearch_jobs", (("state", "QUEUED"),)] == 1
    assert found["densearch_jobs", (("state", "CANCELLED"),)] == 1
    assert found["densearch_dispatchers", ()] == 1
    assert 0 <= found["densearch_dispatcher_heartbeat_age_seconds", ()] < 60
    posted = (("method", "POST"), ("route", "/v1/jobs"), ("status", "202"))
    assert found["densearch_requests_total", posted] == 2
    missing = (("method", "GET"), ("route", "/v1/jobs/{job_id}"), ("status", "404"))
    assert found["densearch_requests_total", missing] == 1


def test_a_problems_type_leads_to_its_explanation(client: TestClient) -> None:
    for problem in PROBLEMS.values():
        page = client.get(problem.type, headers={"accept": "text/html,*/*"})
        assert page.headers["content-type"].startswith("text/html")
        assert problem.title.split("'")[0] in page.text
        answer = client.get(problem.type).json()
        assert answer["remedy"] == problem.remedy
        assert answer["status"] == problem.status
