"""The observer finds contradictions in a database."""

from __future__ import annotations

import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest

from tests.chaos.observer import Observer

JOB = (
    "INSERT INTO jobs (id, name, state, spec, lease_fence, created_at, worked_s, note)"
    " VALUES (1, 'j', 'SUCCEEDED', '{}', 1, '2026-01-01', 0, '')"
)
STUDY = (
    "INSERT INTO studies (id, job_id, place, name, role, sampler, repeat, n_trials, seed,"
    " is_finished, search_version) VALUES (1, 1, 0, 's', 'search', 'tpe', 1, 2, 0, 1, 2)"
)
TRIAL = (
    "INSERT INTO trials (id, number, n_attempts, cached_from, job_id, study_id, phase, state,"
    " certainty, point, params, digest, payload, seed, value, is_diverged, queued_at) VALUES"
    " (?, ?, ?, ?, 1, 1, 'search', 'COMPLETED',"
    " 'certain', '[]', '{}', 'd', '{}', 0, 1.5, 0, '2026-01-01')"
)
ATTEMPT = (
    "INSERT INTO attempts (id, number, state, job_id, trial_id, dispatcher, value, is_late,"
    " started_at) VALUES (?, ?, ?, 1, 1, 'me', 1.5, 0, '2026-01-01')"
)
ARTIFACT = (
    "INSERT INTO artifacts (id, job_id, name, media_type, path, n_bytes, sha256, created_at)"
    " VALUES (1, 1, 'a', 'x', 'a.bin', 7, ?, '2026-01-01')"
)


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> sqlite3.Connection:
    """One job: a trial with a lost and a completed attempt, and one from the cache."""
    path = tmp_path / "densearch.sqlite3"
    shutil.copy(sqlite_template, path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(JOB)
    connection.execute(STUDY)
    connection.executemany(TRIAL, [(1, 1, 2, None), (2, 2, 0, 1)])
    connection.executemany(ATTEMPT, [(1, 1, "LOST"), (2, 2, "COMPLETED")])
    return connection


def observer(tmp_path: Path) -> Observer:
    return Observer(f"sqlite:///file:{tmp_path}/densearch.sqlite3?mode=ro&uri=true")


def test_a_sound_database_has_no_contradictions(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    database.close()
    found = observer(tmp_path)
    assert list(found.contradictions()) == []
    assert (found.n_ended(), found.n_unfinished(), found.last_attempt()) == (2, 0, 2)
    assert (found.n_completed_since(1), found.n_completed_since(2)) == (1, 0)


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("UPDATE trials SET state = 'FAILED' WHERE id = 1", "trials that FAILED"),
        ("UPDATE trials SET state = 'RUNNING' WHERE id = 1", "trials left open"),
        ("UPDATE attempts SET state = 'FAILED' WHERE id = 1", "count against a trial"),
        ("UPDATE attempts SET state = 'RUNNING' WHERE id = 1", "attempts left open"),
        ("UPDATE attempts SET state = 'COMPLETED' WHERE id = 1", "the same twice"),
        ("UPDATE attempts SET state = 'LOST'", "without an attempt"),
        ("UPDATE trials SET cached_from = NULL", "without an attempt"),
        ("UPDATE trials SET cached_from = 1", "without an attempt"),
        ("UPDATE trials SET n_attempts = 1 WHERE id = 1", "not counted"),
        ("UPDATE attempts SET number = 3 WHERE id = 2", "not numbered"),
        ("UPDATE attempts SET value = 1.25", "differ from their last attempt's"),
        ("UPDATE jobs SET working_since = '2026-01-01'", "still at work"),
        ("UPDATE trials SET study_id = 7 WHERE id = 2", "foreign_key_check"),
    ],
)
def test_each_contradiction_is_found(
    database: sqlite3.Connection, tmp_path: Path, damage: str, name: str
) -> None:
    database.execute("PRAGMA foreign_keys = OFF")
    database.execute(damage)
    database.close()
    assert any(name in line for line in observer(tmp_path).contradictions())


def test_an_artifact_that_is_not_what_its_row_says_is_found(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    database.execute(ARTIFACT, [sha256(b"weights").hexdigest()])
    database.close()
    found = observer(tmp_path)
    assert "no file" in next(found.broken_artifacts(tmp_path))
    (tmp_path / "a.bin").write_bytes(b"weights")
    assert list(found.broken_artifacts(tmp_path)) == []
    (tmp_path / "a.bin").write_bytes(b"weighty")
    assert "another content" in next(found.broken_artifacts(tmp_path))
