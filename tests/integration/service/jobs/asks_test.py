"""Asks: each trial goes to one trainer, and an ask that is sent again gets its own again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.errors import NotFoundError
from service.jobs import commands, deletion
from service.settings import Settings
from service.storage.database import Database
from service.trainer_errors import NotExternalError, UnknownTokenError
from service.validation import parse
from tests.support.external_jobs import claim, end, job_of, submit
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher

FUNCTION = {"name": "f", "task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 2}}


@pytest.fixture
def offered(database: Database, tmp_path: Path) -> Iterator[int]:
    """A job whose trials are offered, on each kind of database."""
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    dispatcher = Dispatcher(settings, database, PretendedCluster())
    job_id = submit(database, samplers=["random"], budget={"n_trials": 40})
    dispatcher.turn(looks=True)
    yield job_id
    dispatcher.resign()


def test_asks_at_once_get_different_trials(database: Database, offered: int) -> None:
    gate = threading.Barrier(8)

    def ask(n: int) -> list[int]:
        gate.wait()
        return [one.trial.id for one in claim(database, offered, 2, f"key of the ask {n}")]

    with ThreadPoolExecutor(8) as pool:
        found = [trial_id for ids in pool.map(ask, range(8)) for trial_id in ids]
    assert len(found) == len(set(found)) > 8


def test_an_ask_sent_again_gets_its_trials_again(database: Database, offered: int) -> None:
    first = claim(database, offered, 2)
    again = claim(database, offered, 2)
    assert [(one.trial.id, one.token) for one in first] == [(o.trial.id, o.token) for o in again]
    other = claim(database, offered, 2, "a key of another ask")
    assert not {one.trial.id for one in other} & {one.trial.id for one in first}
    end(database, first[0])
    assert [one.trial.id for one in claim(database, offered, 2)] == [first[1].trial.id]


def test_only_an_external_job_is_asked_and_a_deleted_one_is_not_found(
    database: Database, offered: int
) -> None:
    own = commands.submit(database, parse.parse(FUNCTION))[0].id
    with pytest.raises(NotExternalError):
        claim(database, own)
    (one,) = claim(database, offered)
    commands.cancel(database, offered)
    assert claim(database, offered, key="a key of another ask") == []
    assert job_of(database, offered).state.is_final
    assert end(database, one) == "late"
    deletion.delete(database, offered)
    with pytest.raises(UnknownTokenError):
        end(database, one)
    with pytest.raises(NotFoundError):
        claim(database, offered)
