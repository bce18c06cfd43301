"""Webhooks in the database: their names, their changes, their end."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from service.errors import NotFoundError
from service.states import DeliveryState
from service.storage import deliveries, outbox, webhooks
from service.storage.database import Database
from service.storage.deliveries import ClaimedDelivery
from tests.support.stepped_clock import SteppedClock
from tests.support.stored_rows import new_job
from tests.support.stored_webhooks import new_webhook


def claim(database: Database) -> list[ClaimedDelivery]:
    with database.write() as session:
        return deliveries.claim(session, 100.0)


def test_a_name_is_given_once(database: Database) -> None:
    new_webhook(database, "one")
    with pytest.raises(IntegrityError):
        new_webhook(database, "one")
    with database.read() as session:
        assert [one.name for one in webhooks.every(session)] == ["one"]
        assert webhooks.find(session, "two") is None
        with pytest.raises(NotFoundError, match="no webhook two"):
            webhooks.get(session, "two")


def test_a_change_that_changes_nothing_leaves_its_time(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    made = new_webhook(sqlite_database, "one", "https://a.example/", [outbox.FAILED])
    stepped.step(60)
    for url in ("https://a.example/", "https://b.example/"):
        with sqlite_database.write() as session:
            changed = webhooks.change(session, "one", url=url, events=[outbox.FAILED])
        assert (changed.changed_at == made.changed_at) == (url == made.url)


def test_the_same_secret_again_is_no_rotation(sqlite_database: Database) -> None:
    new_webhook(sqlite_database, "one", secret="whsec_old")  # noqa: S106 - of this test
    with sqlite_database.write() as session:
        assert webhooks.rotate(session, "one", "whsec_old").old_secret_until is None
        assert webhooks.rotate(session, "one", "whsec_new").old_secret_until is not None


def test_a_webhook_that_is_deleted_takes_its_messages_along(database: Database) -> None:
    new_webhook(database, "one")
    with database.write() as session:
        outbox.announce(session, outbox.STARTED, new_job(database))
    (claimed,) = claim(database)
    with database.write() as session:
        webhooks.remove(session, "one")
    with database.write() as session:
        deliveries.settle(session, claimed, {}, DeliveryState.DELIVERED)
        deliveries.switch_off(session, "one", "gone")
    assert claim(database) == []
