"""The figures for Prometheus follow the requests and the database."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from service import start_failures
from service.jobs import commands, leases
from service.settings import Settings
from service.storage import jobs
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


def _value(client: TestClient, name: str) -> float | None:
    return _samples(client).get((f"densearch_{name}", ()))


def test_what_alerts_ask_follows_the_jobs_and_the_dispatchers(
    both: TestClient, database: Database, settings: Settings
) -> None:
    names = ("unheld_jobs", "blocked_jobs", "workers", "dispatcher_start_failed")
    assert [_value(both, name) for name in names] == [0, 0, 0, 0]
    assert _value(both, "queue_age_seconds") == 0
    assert _value(both, "dispatcher_heartbeat_age_seconds") is None
    held, paused = submit(both), submit(both)
    commands.pause(database, paused)  # a user's order is no reason for an alert
    start_failures.keep(settings.data_dir, "Ray does not start")
    assert [_value(both, name) for name in names] == [1, 0, 0, 1]
    age_s = _value(both, "queue_age_seconds")
    assert age_s is not None
    assert 0 < age_s < 600
    dispatcher = leases.register(database, 3, {})
    leases.claim(database, dispatcher, 60.0)
    with database.write() as session:
        jobs.set_waits_for(session, held, "all workers are busy")
    start_failures.clear(settings.data_dir)
    assert [_value(both, name) for name in names] == [0, 1, 3, 0]


def test_the_disk_is_measured_also_without_a_database(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("", {}, Exception("the database is away"))

    monkeypatch.setattr(sqlite_database, "read", refuse)
    size, free = _value(client, "data_dir_size_bytes"), _value(client, "data_dir_free_bytes")
    assert size is not None
    assert free is not None
    assert 0 < free <= size
    assert _value(client, "database_up") == 0
    assert _value(client, "unheld_jobs") is None
