"""The figures for Prometheus follow the requests and the database."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from service.jobs import leases
from service.storage.database import Database
from tests.support.specs import submit


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


def test_any_word_as_a_method_makes_no_series_of_its_own(client: TestClient) -> None:
    for method in ("BREW", "WHEN"):
        client.request(method, "/v1/jobs")
    found = _samples(client)
    counted = [dict(labels) for name, labels in found if name == "densearch_requests_total"]
    assert {labels["method"] for labels in counted} <= {"GET", "other"}
    other = (("method", "other"), ("route", "/v1/jobs"), ("status", "405"))
    assert found["densearch_requests_total", other] == 2
