"""From the outbox to a receiver: signed, tried again, switched off, sent by one of several."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from service.settings import Settings
from service.states import DeliveryState
from service.storage import outbox, webhooks
from service.storage.database import Database
from service.webhook_records import WebhookDelivery
from service.webhooks import schedule, signing
from tests.support.ports import free_port
from tests.support.root import ROOT
from tests.support.stored_rows import new_job
from tests.support.stored_webhooks import new_webhook, sent_to
from tests.support.webhook_receiver import Receiver, listens, receiving, wait_for
from workers.webhook_sender import WebhookSender

SECRET = signing.new_secret()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def sender(settings: Settings) -> WebhookSender:
    return WebhookSender(settings.model_copy(update={"webhook_allow_private": True}), 0.01)


def turn(sender: WebhookSender, database: Database) -> int:
    with ThreadPoolExecutor(4) as pool:
        return sender.turn(database, pool)


def announce(database: Database) -> None:
    job = new_job(database)
    with database.write() as session:
        outbox.announce(session, outbox.STARTED, job)


def only(database: Database) -> WebhookDelivery:
    (found,) = sent_to(database, "one")
    return found


def test_a_message_arrives_signed_and_is_sent_once(
    sqlite_database: Database, receiver: Receiver, sender: WebhookSender
) -> None:
    new_webhook(sqlite_database, "one", receiver.url, secret=SECRET)
    announce(sqlite_database)
    assert turn(sender, sqlite_database) == 1
    assert turn(sender, sqlite_database) == 0
    (got,) = receiver.got
    event = Webhook(SECRET).verify(got.body, got.headers)
    assert event["type"] == "job.started"
    found = only(sqlite_database)
    assert (found.state, found.n_attempts) == (DeliveryState.DELIVERED, 1)
    assert got.headers["webhook-id"] == found.message_id
    assert found.tries[0]["status"] == 204


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_what_is_not_accepted_is_sent_again_with_the_same_id(
    sqlite_database: Database,
    receiver: Receiver,
    sender: WebhookSender,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "wait_s", lambda _: 0.0)
    new_webhook(sqlite_database, "one", receiver.url, secret=SECRET)
    announce(sqlite_database)
    receiver.statuses = [status, 200]
    for _ in range(2):
        assert turn(sender, sqlite_database) == 1
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    found = only(sqlite_database)
    assert found.state is DeliveryState.DELIVERED
    assert [one["status"] for one in found.tries] == [status, 200]


def test_a_receiver_that_is_gone_is_switched_off(
    sqlite_database: Database, receiver: Receiver, sender: WebhookSender
) -> None:
    new_webhook(sqlite_database, "one", receiver.url)
    announce(sqlite_database)
    announce(sqlite_database)
    receiver.statuses = [410]
    turn(sender, sqlite_database)
    assert turn(sender, sqlite_database) == 0
    assert {one.state for one in sent_to(sqlite_database, "one")} == {DeliveryState.FAILED}
    with sqlite_database.read() as session:
        assert "410" in str(webhooks.get(session, "one").off_reason)
    with sqlite_database.write() as session:
        events, url = list(outbox.KINDS), receiver.url
        assert webhooks.change(session, "one", url=url, events=events).off_reason is None
    announce(sqlite_database)
    assert turn(sender, sqlite_database) == 1
    assert sent_to(sqlite_database, "one")[0].state is DeliveryState.DELIVERED


def test_private_addresses_count_as_no_answer(
    sqlite_database: Database, settings: Settings, receiver: Receiver
) -> None:
    new_webhook(sqlite_database, "one", receiver.url)
    announce(sqlite_database)
    careful = WebhookSender(settings)
    assert turn(careful, sqlite_database) == 1
    assert receiver.got == []
    found = only(sqlite_database)
    assert found.state is DeliveryState.WAITING
    assert "not a public address" in found.tries[0]["error"]


def test_the_last_try_ends_a_message(
    sqlite_database: Database,
    receiver: Receiver,
    sender: WebhookSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule, "FIRST_S", 0.0)
    monkeypatch.setattr(schedule, "MOST_ATTEMPTS", 3)
    new_webhook(sqlite_database, "one", receiver.url)
    announce(sqlite_database)
    receiver.statuses = [500] * 9
    while turn(sender, sqlite_database):
        pass
    assert len(receiver.got) == 3
    found = only(sqlite_database)
    assert (found.state, found.n_attempts) == (DeliveryState.FAILED, 3)


def test_several_senders_share_the_work(
    sqlite_database: Database, receiver: Receiver, settings: Settings
) -> None:
    new_webhook(sqlite_database, "one", receiver.url)
    for _ in range(5):
        announce(sqlite_database)
    allowing = settings.model_copy(update={"webhook_allow_private": True})
    with WebhookSender(allowing, 0.01), WebhookSender(allowing, 0.01):
        wait_for(lambda: len(receiver.got) >= 5)
        wait_for(lambda: all(d.ended_at for d in sent_to(sqlite_database, "one")))
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 5


def test_the_documented_receiver_takes_what_is_sent_and_refuses_a_forgery(
    sqlite_database: Database, sender: WebhookSender, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len([line for line in block.splitlines() if line.strip()]) <= 12
    port = free_port()
    script = tmp_path / "receiver.py"
    script.write_text(block.replace("9000", str(port)).replace("whsec_...", SECRET))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        new_webhook(sqlite_database, "one", url, secret=SECRET)
        new_webhook(sqlite_database, "forger", url)
        wait_for(lambda: listens(port))
        announce(sqlite_database)
        assert turn(sender, sqlite_database) == 2
        assert process.stdout is not None
        assert process.stdout.readline().startswith("job.started {'job_id': ")
        assert only(sqlite_database).state is DeliveryState.DELIVERED
        (forged,) = sent_to(sqlite_database, "forger")
        assert forged.state is DeliveryState.WAITING
    finally:
        process.kill()
        process.communicate()
