"""Messages that are due: each is claimed by one process, and sent again where that one died."""

from __future__ import annotations

import pytest

from service.states import DeliveryState
from service.storage import deliveries, outbox, webhooks
from service.storage.database import Database
from service.storage.deliveries import CLAIM_S, ClaimedDelivery
from tests.support.stepped_clock import SteppedClock
from tests.support.stored_rows import new_job
from tests.support.stored_webhooks import new_webhook, sent_to

LONGEST_S = 20_000.0


def claim(database: Database) -> list[ClaimedDelivery]:
    with database.write() as session:
        return deliveries.claim(session, LONGEST_S)


def announce(database: Database, n: int = 1) -> None:
    job = new_job(database)
    with database.write() as session:
        for _ in range(n):
            outbox.announce(session, outbox.STARTED, job)


def test_the_oldest_of_each_webhook_is_claimed_once(database: Database) -> None:
    for name in ("one", "two"):
        new_webhook(database, name)
    announce(database, 2)
    first = claim(database)
    assert [one.webhook for one in first] == ["one", "two"]
    second = claim(database)
    assert {one.id for one in first}.isdisjoint(one.id for one in second)
    assert len(second) == 2
    assert claim(database) == []
    assert all("whsec_" not in repr(one) for one in first)


def test_two_claims_at_the_same_time_take_different_ones(postgresql_database: Database) -> None:
    new_webhook(postgresql_database, "one")
    announce(postgresql_database, 2)
    with postgresql_database.write() as first, postgresql_database.write() as second:
        (one,) = deliveries.claim(first, LONGEST_S)
        (other,) = deliveries.claim(second, LONGEST_S)
    assert one.id != other.id


def test_the_message_of_a_process_that_died_is_sent_again_and_its_late_word_does_not_count(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    new_webhook(sqlite_database, "one")
    announce(sqlite_database)
    (lost,) = claim(sqlite_database)
    stepped.step(CLAIM_S + 1)
    (again,) = claim(sqlite_database)
    assert (again.message_id, again.body) == (lost.message_id, lost.body)
    assert (lost.n_attempts, again.n_attempts) == (1, 2)
    with sqlite_database.write() as session:
        deliveries.settle(session, lost, {"n": 1}, DeliveryState.FAILED)
        deliveries.settle(session, again, {"n": 2}, DeliveryState.WAITING, 30.0)
    (found,) = sent_to(sqlite_database, "one")
    assert (found.state, found.tries) == (DeliveryState.WAITING, [{"n": 2}])
    assert claim(sqlite_database) == []
    stepped.step(31)
    (third,) = claim(sqlite_database)
    with sqlite_database.write() as session:
        deliveries.settle(session, third, {"n": 3}, DeliveryState.DELIVERED)
    (found,) = sent_to(sqlite_database, "one")
    assert (found.state, found.ended_at) == (DeliveryState.DELIVERED, stepped.now)


def test_a_clock_that_was_set_back_does_not_hold_messages_up(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    new_webhook(sqlite_database, "one")
    announce(sqlite_database)
    claim(sqlite_database)
    stepped.step(-86_400)
    with sqlite_database.read() as session:
        assert deliveries.has_due(session, LONGEST_S)
    assert len(claim(sqlite_database)) == 1


def test_the_old_secret_signs_for_a_day(sqlite_database: Database, stepped: SteppedClock) -> None:
    new_webhook(sqlite_database, "one", secret="whsec_old")  # noqa: S106 - of this test
    announce(sqlite_database, 2)
    with sqlite_database.write() as session:
        webhooks.rotate(session, "one", "whsec_new")
    stepped.step(86_399)
    (both,) = claim(sqlite_database)
    assert both.secrets == ("whsec_new", "whsec_old")
    stepped.step(2)
    (one,) = claim(sqlite_database)
    assert one.secrets == ("whsec_new",)


def test_ended_messages_go_in_time_and_by_number(
    sqlite_database: Database, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_webhook(sqlite_database, "one")
    announce(sqlite_database, 4)

    def end_one() -> None:
        with sqlite_database.write() as session:
            (claimed,) = deliveries.claim(session, LONGEST_S)
            deliveries.settle(session, claimed, {}, DeliveryState.FAILED)

    def prune() -> int:
        with sqlite_database.write() as session:
            return deliveries.prune(session)

    for _ in range(3):
        end_one()
    assert prune() == 0
    monkeypatch.setattr(deliveries, "MOST_ENDED", 2)
    assert prune() == 1
    stepped.step(8 * 86_400)
    assert prune() == 2
    (left,) = sent_to(sqlite_database, "one")  # one that waits stays, however old it is
    assert left.state is DeliveryState.WAITING
