"""Putting webhooks: two requests for one id at once, and too many of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import InvalidBodyError
from service.storage import webhooks
from service.storage.database import Database
from service.webhooks import commands
from service.webhooks.request import WebhookSpec


def spec(name: str) -> WebhookSpec:
    return WebhookSpec(id=name, url="https://8.8.8.8/")


def test_of_requests_for_one_new_id_at_once_one_gets_the_secret(database: Database) -> None:
    gate = threading.Barrier(4)

    def put() -> commands.Put:
        gate.wait()
        return commands.put(database, spec("one"), allows_private=False)

    with ThreadPoolExecutor(4) as pool:
        done = [each.result() for each in [pool.submit(put) for _ in range(4)]]
    assert sorted(one.is_new for one in done) == [False, False, False, True]
    assert sum(one.secret is not None for one in done) == 1
    assert all("whsec_" not in repr(one) for one in done)


def test_too_many_are_refused_and_a_change_is_not(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_WEBHOOKS", 2)
    for name in ("one", "two"):
        assert commands.put(sqlite_database, spec(name), allows_private=False).is_new
    with pytest.raises(InvalidBodyError, match=r"^/id: there are 2 webhooks: delete one first"):
        commands.put(sqlite_database, spec("three"), allows_private=False)
    assert not commands.put(sqlite_database, spec("two"), allows_private=False).is_new
    with sqlite_database.read() as session:
        assert len(webhooks.every(session)) == 2
