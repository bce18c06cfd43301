"""Messages of jobs: written with the change that they announce, to those who want them."""

from __future__ import annotations

import json

import pytest

from service.errors import IllegalTransitionError
from service.jobs import commands
from service.states import DeliveryState, JobState
from service.storage import deliveries, jobs, outbox, webhooks
from service.storage.database import Database
from service.webhook_records import WebhookDelivery
from tests.support.stored_rows import new_job
from tests.support.stored_webhooks import new_webhook, sent_to


def kinds(database: Database, name: str = "one") -> list[str]:
    return [one.kind for one in reversed(sent_to(database, name))]


def test_each_webhook_gets_what_it_wants_in_the_transaction_of_the_change(
    database: Database,
) -> None:
    new_webhook(database, "one")
    new_webhook(database, "two", events=[outbox.FAILED])
    job = new_job(database)
    with database.write() as session:
        jobs.set_state(session, job.id, JobState.RUNNING)
    with pytest.raises(IllegalTransitionError):
        _fail_and_break(database, job.id)
    assert kinds(database) == ["job.started"]
    commands.pause(database, job.id)
    commands.resume(database, job.id)  # announced before
    with database.write() as session:
        error = {"title": "No", "detail": "x" * 10_000}
        jobs.set_state(session, job.id, JobState.FAILED, error=error)
        jobs.reopen(session, job.id)
        jobs.set_state(session, job.id, JobState.RUNNING)
    commands.cancel(database, job.id)
    assert kinds(database) == ["job.started", "job.failed", "job.started", "job.cancelled"]
    (failed,) = sent_to(database, "two")
    body = json.loads(failed.body)
    assert (body["type"], failed.job_id) == ("job.failed", job.id)
    assert body["data"]["job_id"] == job.id
    assert body["data"]["state"] == "FAILED"
    assert body["data"]["finished_at"] is not None
    assert body["data"]["error"] == {"title": "No", "detail": "x" * 500}
    assert failed.message_id not in {one.message_id for one in sent_to(database, "one")}


def test_a_job_that_was_paused_before_its_start_starts_when_it_is_resumed(
    sqlite_database: Database,
) -> None:
    new_webhook(sqlite_database, "one")
    job = new_job(sqlite_database)
    commands.pause(sqlite_database, job.id)
    commands.resume(sqlite_database, job.id)
    assert kinds(sqlite_database) == ["job.started"]


def test_an_unsent_best_is_replaced_and_one_in_hand_is_not(database: Database) -> None:
    new_webhook(database, "one")
    job = new_job(database)
    other = new_job(database)

    def improve(value: float) -> None:
        with database.write() as session:
            for each in (job, other):
                outbox.announce(session, outbox.BEST_IMPROVED, each, {"best": {"value": value}})

    improve(3.0)
    improve(2.0)
    assert values(sent_to(database, "one")) == [2.0, 2.0]
    with database.write() as session:
        (claimed,) = deliveries.claim(session, 100.0)
    assert json.loads(claimed.body)["data"]["job_id"] == job.id
    improve(1.0)
    assert sorted(values(sent_to(database, "one"))) == [1.0, 1.0, 2.0]


def _fail_and_break(database: Database, job_id: int) -> None:
    with database.write() as session:
        jobs.set_state(session, job_id, JobState.FAILED)
        jobs.set_state(session, job_id, JobState.RUNNING)


def values(found: list[WebhookDelivery]) -> list[float]:
    return [json.loads(one.body)["data"]["best"]["value"] for one in found]


def test_messages_that_are_too_many_are_counted_and_not_kept(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 2)
    new_webhook(sqlite_database, "one")
    job = new_job(sqlite_database)
    with sqlite_database.write() as session:
        for _ in range(5):
            outbox.announce(session, outbox.STARTED, job)
    assert len(sent_to(sqlite_database, "one")) == 2
    with sqlite_database.read() as session:
        assert webhooks.get(session, "one").n_dropped == 3


def test_one_that_is_off_gets_nothing_but_tests(sqlite_database: Database) -> None:
    new_webhook(sqlite_database, "one")
    job = new_job(sqlite_database)
    with sqlite_database.write() as session:
        outbox.announce(session, outbox.STARTED, job)
        deliveries.switch_off(session, "one", "gone")
        outbox.announce(session, outbox.STARTED, job)
        webhooks.add_test(session, "one")
    test, first = sent_to(sqlite_database, "one")
    assert (first.state, test.state) == (DeliveryState.FAILED, DeliveryState.WAITING)
    assert test.kind == outbox.TEST
