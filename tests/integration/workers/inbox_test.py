"""Messages are kept until they are recorded, weights with the end that they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.jobs import artifact_files
from service.orchestration.messages import Ended, Ending
from service.storage.database import Database
from tests.support.assignments import assignment
from workers.checkpoints import Noted
from workers.inbox import Inbox

OURS = assignment({})
ENDED = Ended(OURS.attempt_id, OURS.trial_id, Ending.COMPLETED, value=1.0)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def test_updates_are_given_until_they_are_forgotten(inbox: Inbox) -> None:
    inbox.put(OURS, (ENDED, None))
    for _ in range(2):  # a transaction that failed is repeated
        assert inbox.updates_of(OURS.job_id) == [ENDED]
    assert inbox.has(OURS.job_id)
    assert inbox.attempts_of(OURS.job_id) == {OURS.attempt_id}
    inbox.forget(OURS.job_id)
    assert not inbox.has(OURS.job_id)
    assert (inbox.updates_of(OURS.job_id), inbox.attempts_of(OURS.job_id)) == ([], set())


def test_weights_become_a_file_that_the_update_names(inbox: Inbox, tmp_path: Path) -> None:
    with artifact_files.held(tmp_path):
        inbox.put(OURS, (ENDED, b"weights"))
        (found,) = inbox.updates_of(OURS.job_id)
    assert isinstance(found, Ended)
    assert found.weights is not None
    assert [p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.stat().st_size] == [
        b"weights"
    ]
    inbox.forget(OURS.job_id)
    inbox.put(OURS, (ENDED, None))  # the weights went with what was forgotten
    assert inbox.updates_of(OURS.job_id) == [ENDED]


def test_notes_go_to_the_log_alone(inbox: Inbox) -> None:
    inbox.put(OURS, Noted(OURS.attempt_id, "a checkpoint was ignored", is_warning=True))
    assert not inbox.has(OURS.job_id)


def test_messages_of_our_jobs_are_no_strays(inbox: Inbox, sqlite_database: Database) -> None:
    inbox.put(OURS, (ENDED, b"weights"))
    inbox.keep_strays(sqlite_database, {OURS.job_id})
    assert inbox.has(OURS.job_id)
    inbox.keep_strays(sqlite_database, set())  # its job is gone: there is no attempt to change
    assert not inbox.has(OURS.job_id)
