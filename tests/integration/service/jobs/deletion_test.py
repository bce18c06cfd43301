"""Deleting a job: what is removed, what others keep, no repeated training, kills in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.errors import IllegalTransitionError, LeaseLostError, NotFoundError
from service.jobs import artifact_files, deletion, reopen
from service.jobs import commands as use_cases
from service.records import Trial
from service.storage import densities, events, job_pages, jobs, trials
from service.storage.chunks import Chunks
from service.storage.database import Database
from service.validation import parse
from tests.support.courses import untimed
from tests.support.jobs import SMALL, function_job, run_whole, submit
from tests.support.simulation import Simulation, counted_trials, forget, report_of
from tests.support.stored_jobs import counts, files, go_on, run_storing


class Dying(Chunks):
    """A process that dies after its first chunk, of one row."""

    def repeat(
        self, work: Callable[[Session, int], int], *, follows_references: bool = True
    ) -> int:
        with self.database.write(follows_references=follows_references) as session:
            return work(session, 1)


def sweep(database: Database, data_dir: Path) -> None:
    deletion.sweep(Chunks(database), data_dir)


def values_of(database: Database, job_id: int) -> list[tuple[Any, ...]]:
    with database.read() as session:
        return [
            (t.id, t.value, t.metrics, t.curve, t.cached_from)
            for t in trials.of_job(session, job_id)
        ]


def n_dangling(database: Database) -> int:
    """Count SQLite's rows without a parent; PostgreSQL allows none."""
    if not database.is_sqlite:
        return 0
    with database.engine.connect() as connection:
        return len(connection.exec_driver_sql("PRAGMA foreign_key_check").all())


def paths(database: Database, job_id: int) -> set[str]:
    with database.read() as session:
        return {artifact.path for artifact in densities.artifacts(session, job_id)}


def test_a_deleted_job_is_gone_at_once_and_everything_of_it_soon(
    database: Database, tmp_path: Path
) -> None:
    job_id = run_storing(database, tmp_path, SMALL)
    with database.read() as session:
        trial: Trial = trials.of_job(session, job_id)[0]
        density = densities.of_job(session, job_id)[0]
        artifact = densities.artifacts(session, job_id)[0]
    deletion.delete(database, job_id)
    with database.read() as session:
        for get, key in (
            (jobs.get, job_id),
            (trials.get, trial.id),
            (densities.get, density.id),
            (densities.get_artifact, artifact.id),
        ):
            with pytest.raises(NotFoundError):
                get(session, key)
        assert job_id not in {job.id for job in job_pages.page(session, limit=10)}
        assert trials.results(session, [trial.digest]) == {}
    with pytest.raises(NotFoundError):
        deletion.delete(database, job_id)
    sweep(database, tmp_path)
    # Rows with the highest id of their table stay temporarily.
    assert all(n <= 5 for n in counts(database, job_id).values())
    assert files(tmp_path) == set()
    last = run_storing(database, tmp_path, {**SMALL, "seed": 5})
    sweep(database, tmp_path)
    assert not any(counts(database, job_id).values())
    assert files(tmp_path) == paths(database, last) != set()


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING", "PAUSED"])
def test_a_job_that_has_not_ended_is_refused(database: Database, state: str) -> None:
    job_id = submit(database, function_job())
    if state == "RUNNING":
        simulation = Simulation(database)
        (run,) = simulation.take()
        simulation.step(run, [])
    if state == "PAUSED":
        use_cases.pause(database, job_id)
    with pytest.raises(IllegalTransitionError, match="cancel it first"):
        deletion.delete(database, job_id)
    with database.read() as session:
        assert jobs.get(session, job_id).state == state


def test_results_and_files_that_others_took_stay_and_are_not_trained_again(
    database: Database, tmp_path: Path
) -> None:
    first = run_storing(database, tmp_path, SMALL)
    second = run_storing(database, tmp_path, SMALL)
    assert paths(database, first) == paths(database, second) == files(tmp_path)
    before = values_of(database, second), report_of(database, second)
    deletion.delete(database, first)
    sweep(database, tmp_path)
    assert (values_of(database, second), report_of(database, second)) == before
    assert files(tmp_path) == paths(database, second)
    third = submit(database, SMALL)
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    assert simulation.n_trained == 0
    assert paths(database, third) == paths(database, second)
    assert untimed(report_of(database, third)) == untimed(before[1])
    deletion.delete(database, second)
    deletion.delete(database, third)
    sweep(database, tmp_path)
    assert files(tmp_path) == set()


def test_a_job_goes_on_as_before_without_the_one_it_took_results_from(
    database: Database, tmp_path: Path
) -> None:
    first = run_storing(database, tmp_path, SMALL)
    found = []
    for is_deleted in (False, True):
        job_id = run_storing(database, tmp_path, SMALL)
        if is_deleted:
            deletion.delete(database, first)
            sweep(database, tmp_path)
        reopen.extend(database, job_id, 5)
        go_on(database, tmp_path, job_id)
        found.append((counted_trials(database, job_id), untimed(report_of(database, job_id))))
        forget(database, job_id)
    assert found[0] == found[1]
    assert found[0][1]["cost"]["trained"] > 0


def test_ids_are_never_given_again(database: Database, tmp_path: Path) -> None:
    job_id = run_storing(database, tmp_path, SMALL)
    with database.read() as session:
        last_trial = max(t.id for t in trials.of_job(session, job_id))
        last_attempt = max(
            a.id for t in trials.of_job(session, job_id) for a in trials.attempts(session, t.id)
        )
        last_artifact = max(a.id for a in densities.artifacts(session, job_id))
        last_density = max(d.id for d in densities.of_job(session, job_id))
    deletion.delete(database, job_id)
    sweep(database, tmp_path)
    again = run_storing(database, tmp_path, SMALL)
    assert again > job_id
    with database.read() as session:
        own = trials.of_job(session, again)
        assert min(t.id for t in own) > last_trial
        assert min(a.id for t in own for a in trials.attempts(session, t.id)) > last_attempt
        assert min(a.id for a in densities.artifacts(session, again)) > last_artifact
        assert min(d.id for d in densities.of_job(session, again)) > last_density
        assert all(t.cached_from is None or t.cached_from > last_trial for t in own)


def test_a_sweep_that_dies_anywhere_is_finished_by_the_next(
    database: Database, tmp_path: Path
) -> None:
    job_id = run_storing(database, tmp_path, SMALL)
    other = run_storing(database, tmp_path, {**SMALL, "seed": 3})
    before = values_of(database, other), report_of(database, other), counts(database, other)
    deletion.delete(database, job_id)
    while deletion.sweep(Dying(database), tmp_path).n_rows:
        assert n_dangling(database) == 0
        with database.read() as session, pytest.raises(NotFoundError):
            jobs.get(session, job_id)
    sweep(database, tmp_path)
    assert not any(counts(database, job_id).values())
    assert (values_of(database, other), report_of(database, other)) == before[:2]
    assert counts(database, other) == before[2]
    assert files(tmp_path) == paths(database, other)


def test_a_dispatcher_that_has_not_heard_of_the_end_loses_the_job(
    database: Database, tmp_path: Path
) -> None:
    job_id = submit(database, function_job())
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.step(run, [])
    use_cases.cancel(database, job_id)
    deletion.delete(database, job_id)
    with pytest.raises(LeaseLostError):
        simulation.step(run, [])
    assert simulation.take() == []
    submit(database, function_job())
    sweep(database, tmp_path)
    with pytest.raises(LeaseLostError):
        simulation.step(run, [simulation.finish_one()])


def test_a_key_of_a_deleted_job_makes_a_new_one(database: Database) -> None:
    spec = parse.parse(function_job())
    job, _ = use_cases.submit(database, spec, key="k")
    use_cases.cancel(database, job.id)
    deletion.delete(database, job.id)
    again, is_new = use_cases.submit(database, spec, key="k")
    assert is_new
    assert again.id > job.id


def test_a_clone_starts_from_densities_that_are_gone(database: Database, tmp_path: Path) -> None:
    source = run_storing(database, tmp_path, SMALL)
    with database.read() as session:
        found = densities.of_job(session, source)[0]
    body = {**SMALL, "samplers": ["tpe"], "warm_start": {"densities": [found.id]}}
    job_id = run_storing(database, tmp_path, body)
    deletion.delete(database, source)
    sweep(database, tmp_path)
    clone = use_cases.clone(database, job_id, {})
    start = use_cases.resolved_of(clone).spec.warm_start
    assert start is not None
    assert (start.vectors, start.densities) == ([list(found.vector)], [])


def test_events_of_others_are_not_touched(database: Database, tmp_path: Path) -> None:
    first, second = (
        run_whole(database, function_job(seed=seed, samplers=["random"], budget={"n_trials": 4}))
        for seed in (1, 2)
    )
    with database.read() as session:
        before = events.after(session, second, 0, 10_000)
    deletion.delete(database, first)
    sweep(database, tmp_path)
    with database.read() as session:
        assert events.after(session, second, 0, 10_000) == before
        assert events.after(session, first, 0, 10_000) == []


def test_rows_that_stay_have_their_files_looked_for_once(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (run_storing(sqlite_database, tmp_path, SMALL) for _ in range(2))
    for job_id in (first, second):  # the last ids of all tables are theirs
        deletion.delete(sqlite_database, job_id)
    sweep(sqlite_database, tmp_path)
    assert counts(sqlite_database, second)["artifacts"] == 1
    # Dispatchers would wait for it every few seconds.
    monkeypatch.setattr(artifact_files, "removing", None)
    assert deletion.sweep(Chunks(sqlite_database), tmp_path, is_home=False).left == {}


def test_a_file_that_cannot_be_removed_keeps_no_other_job_waiting(
    sqlite_database: Database, tmp_path: Path
) -> None:
    stuck, other, _ = (
        run_storing(sqlite_database, tmp_path, {**SMALL, "seed": seed}) for seed in range(3)
    )
    path = tmp_path / next(iter(paths(sqlite_database, stuck)))
    path.unlink()
    path.mkdir()
    for job_id in (stuck, other):
        deletion.delete(sqlite_database, job_id)
    for _ in range(2):
        left = deletion.sweep(Chunks(sqlite_database), tmp_path).left
        assert left.keys() == {stuck}
        assert "directory" in left[stuck]
    assert not any(counts(sqlite_database, other).values())
    assert counts(sqlite_database, stuck)["artifacts"] > 0
    path.rmdir()
    assert deletion.sweep(Chunks(sqlite_database), tmp_path).left == {}
    assert not any(counts(sqlite_database, stuck).values())
