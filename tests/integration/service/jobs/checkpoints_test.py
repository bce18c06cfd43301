"""Which checkpoints are kept, and for how long."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from service import checkpoint_files
from service.checkpoint_files import listed, make_folder, path_of
from service.jobs import checkpoints, deletion
from service.records import Trial
from service.states import JobState, Phase, TrialState
from service.storage import jobs, trials
from service.storage.database import Database
from tests.support.jobs import submit, training_job
from tests.support.simulation import Simulation

SHORT = training_job(
    training={"optimizer": "sgd", "lr": 0.1, "batch_size": 64, "epochs": 4, "schedule": "cosine"},
    samplers=["random"],
    controls=["uniform"],
    budget={"n_trials": 6},
    fidelity={"search_fraction": 0.5, "promote": 2},
    evaluation={"n_seeds": 1},
)


def keep(folder: Path, name: str, about: dict[str, Any] | None, age_s: float = 0.0) -> Path:
    """Write what begins as a checkpoint does."""
    header = json.dumps({"__metadata__": {"about": json.dumps(about)}}).encode()
    path = path_of(folder, name)
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    written_at = time.time() - age_s
    os.utime(path, (written_at, written_at))
    return path


def keep_of(folder: Path, trial: Trial) -> Path:
    about = {"trial": trial.id, "training": trial.digest}
    return keep(folder, f"{trial.id}", about, age_s=10 * checkpoints.OLD_S)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path)
    return tmp_path / checkpoint_files.FOLDER


def of_job(database: Database, job_id: int) -> list[Trial]:
    with database.read() as session:
        return trials.of_job(session, job_id)


class Keeping(Simulation):
    """Workers that keep the end of every training that asks for it, and what runs."""

    folder: Path
    n_most: int = 0
    promoted: list[bool]

    def step(self, run: Any, updates: Any) -> None:  # noqa: ANN401 - as in Simulation
        super().step(run, updates)
        for trial in run.log.trials.values():
            if trial.state is TrialState.RUNNING:
                keep_of(self.folder, trial)
        checkpoints.sweep(self.database, self.folder.parent)
        left = {int(own.path.stem) for own in listed(self.folder)}
        wanted = {a.trial_id for a in self.hand}
        assert wanted <= left, "a training that runs may need it"
        self.n_most = max(self.n_most, len(left - wanted))
        if run.job.state is JobState.RUNNING:
            best = [t for s in run.studies for t in (s.chosen or [])]
            self.promoted += [t.id in left for t in best]


def test_what_may_be_promoted_is_kept_until_it_is_and_not_longer(
    database: Database, folder: Path
) -> None:
    job_id = submit(database, SHORT)
    simulation = Keeping(database, n_workers=2)
    simulation.folder, simulation.promoted = folder, []
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    assert simulation.promoted
    assert all(simulation.promoted)
    # Two of the search's best and the control, and the promotions that ended in the same step.
    assert 2 <= simulation.n_most <= 3 + 2
    checkpoints.sweep(database, folder.parent)
    assert not list(listed(folder))
    phases = {trial.phase for trial in of_job(database, job_id)}
    assert phases == {Phase.SEARCH, Phase.PROMOTION, Phase.EVALUATION}


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({}, True),
        ({"fidelity": None}, False),
        ({"fidelity": {"search_fraction": 0.5, "promote": 2, "schedule": "shortened"}}, False),
    ],
)
def test_only_the_beginning_of_a_full_training_is_kept_to_its_end(
    sqlite_database: Database, changes: dict[str, Any], is_kept: bool
) -> None:
    submit(sqlite_database, {**SHORT, **changes})
    simulation = Simulation(sqlite_database, n_workers=4)
    (run,) = simulation.take()
    simulation.step(run, [])
    assert {a.keeps_end for a in simulation.hand} == {is_kept}


def test_a_paused_jobs_checkpoints_stay_and_an_ended_ones_go(
    database: Database, folder: Path
) -> None:
    job_id = submit(database, SHORT)
    simulation = Simulation(database, n_workers=2)
    (run,) = simulation.take()
    simulation.step(run, [])
    paths = [keep_of(folder, trial) for trial in of_job(database, job_id)]
    with database.write() as session:
        jobs.set_state(session, job_id, JobState.PAUSED)
    assert checkpoints.sweep(database, folder.parent) == 0
    assert all(path.exists() for path in paths)
    with database.write() as session:
        jobs.set_state(session, job_id, JobState.CANCELLED)
    assert checkpoints.sweep(database, folder.parent) == len(paths)


def test_a_deleted_job_leaves_none(database: Database, folder: Path) -> None:
    job_id = submit(database, SHORT)
    simulation = Simulation(database, n_workers=2)
    (run,) = simulation.take()
    simulation.run(run)
    (*_, last) = of_job(database, job_id)
    keep_of(folder, last)
    deletion.delete(database, job_id)
    checkpoints.sweep(database, folder.parent)
    assert not list(listed(folder))


def test_what_is_of_no_trial_known_here_goes_when_it_is_old(
    database: Database, folder: Path
) -> None:
    old = 2 * checkpoints.OLD_S
    for number, about in enumerate(
        [{}, None, {"trial": 2**70}, {"trial": "1"}, {"trial": True}, {"trial": 77}]
    ):
        keep(folder, f"{number}", about)
        keep(folder, f"{number}-old", about, age_s=old)
    for name, content in {"bad": b"\xff" * 9, "short": b"x", "deep": b"[" * 100_000}.items():
        path_of(folder, name).write_bytes((10**5).to_bytes(8, "little") + content)
    assert checkpoints.sweep(database, folder.parent) == 6
    assert len(list(listed(folder))) == 9


def test_what_a_dead_writer_left_goes_after_an_hour(
    sqlite_database: Database, folder: Path
) -> None:
    for name, age_s in {".a.part": 4000.0, ".b.part": 60.0, ".tmpX": 4000.0}.items():
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (time.time() - age_s,) * 2)
    checkpoints.sweep(sqlite_database, folder.parent)
    assert [own.path.name for own in listed(folder)] == [".b.part"]


def test_no_folder_is_no_trouble(sqlite_database: Database, tmp_path: Path) -> None:
    assert checkpoints.sweep(sqlite_database, tmp_path) == 0
