"""Jobs in every state, written as the dispatcher writes them, without training anything."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from densearch.density import families
from service import clock
from service.jobs import commands
from service.records import Job, Study, Trial
from service.states import JobState, Phase, TrialState
from service.storage import densities, events, studies, trials
from service.storage import jobs as job_rows
from service.storage.database import Database
from service.validation import parse
from tests.support import findings
from tests.support.simulation import Simulation

HOSTILE = '<img src=x onerror="document.title=1"><b>&amp; "quoted" </b>'
LOSSES = {"uniform": 0.00502, "linear": 0.00561, "gaussian": 0.00488, "flat": 0.00466}


def spec(name: str, n_trials: int = 12, **changes: Any) -> dict[str, Any]:
    """The demo's job."""
    return {
        "name": name,
        "task": {"kind": "denoising", "dataset": "photos", "noise_sigma": 25.0, "patch_px": 40},
        "network": {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 5},
        "training": {"lr": 0.05, "momentum": 0.9, "batch_size": 64, "epochs": 4},
        "density": {"family": "symmetric", "bounds": [[0.05, 1.0], [0.5, 1.5]]},
        "samplers": ["direct_l", "tpe", "random"],
        "controls": ["uniform", "linear", "gaussian", "flat"],
        "budget": {"n_trials": n_trials},
        **changes,
    }


def submit(database: Database, name: str, n_trials: int = 12, **changes: Any) -> Job:
    job, _ = commands.submit(database, parse.parse(spec(name, n_trials, **changes)))
    return job


def value_of(vector: list[float], noise: random.Random) -> float:
    """A bowl with its bottom at (0.3, 0.8), like a validation loss."""
    a, b = vector
    return 0.0041 + 0.02 * (a - 0.3) ** 2 + 0.012 * (b - 0.8) ** 2 + noise.uniform(0, 2e-4)


class Seeder:
    """Writes trials of one job; time passes by `pace_s` a trial, ending now."""

    def __init__(self, session: Session, job: Job, n_expected: int, pace_s: float = 14.0) -> None:
        self.session, self.job, self.pace_s = session, job, pace_s
        self.studies = studies.of_job(session, job.id)
        self.noise = random.Random(7)
        self.at = clock.now() - timedelta(seconds=pace_s * n_expected)

    def start(self) -> None:
        job_rows.set_state(self.session, self.job.id, JobState.RUNNING, started_at=self.at)

    def trial(
        self,
        study: Study,
        number: int | None,
        vector: list[float],
        state: TrialState = TrialState.COMPLETED,
        phase: Phase = Phase.SEARCH,
        **changes: Any,
    ) -> Trial:
        is_done = state is TrialState.COMPLETED
        value = value_of(vector, self.noise) if is_done else None
        queued, self.at = self.at, self.at + timedelta(seconds=self.pace_s)
        params: dict[str, Any] = {"den": vector, "lr": 0.05}
        if study.role == "control":
            params = {"density": study.name, "lr": 0.05}
            value = LOSSES[study.name] + self.noise.uniform(0, 1e-4) if is_done else None
        row = {
            "job_id": self.job.id,
            "study_id": study.id,
            "phase": phase,
            "number": number,
            "state": state,
            "certainty": "certain",
            "point": [(vector[0] - 0.05) / 0.95, vector[1] - 0.5],
            "params": params,
            "digest": f"{study.id}-{phase}-{number}-{vector}"[:64],
            "payload": {"training": {"epochs": 4}},
            "seed": 0,
            "value": value,
            "is_diverged": False,
            "metrics": {"loss": value, "psnr_db": 26.2 - 400 * value, "ssim": 0.74 - 10 * value}
            if value is not None
            else None,
            "curve": [value * share for share in (1.6, 1.2, 1.05, 1.0)]
            if value is not None
            else None,
            "training_s": self.pace_s * 1.9 if is_done else None,
            "n_attempts": 1 if state is not TrialState.WAITING else 0,
            "queued_at": queued,
            "started_at": queued if state is not TrialState.WAITING else None,
            "finished_at": self.at if state.is_final else None,
            **changes,
        }
        return trials.insert_all(self.session, [row])[0]

    def vector(self, study: Study, number: int) -> list[float]:
        pull = number / 14 if study.name != "random" else 0.0
        pull = min(pull, 0.9)
        a, b = self.noise.uniform(0.05, 1.0), self.noise.uniform(0.5, 1.5)
        return [round(a + (0.3 - a) * pull, 4), round(b + (0.8 - b) * pull, 4)]

    def keep_best(self, study: Study, done: list[Trial]) -> Trial | None:
        ended = [t for t in done if t.value is not None and not t.is_diverged]
        best = min(ended, key=lambda t: t.value or 0.0, default=None)
        if best is None:
            return None
        studies.change(
            self.session,
            study.id,
            best_trial_id=best.id,
            best_value=best.value,
            is_finished=len(done) >= study.n_trials,
        )
        found = (
            families.build("symmetric", 5, best.params["den"])
            if study.role == "search"
            else families.control(study.name, 5, factor=0.8 if study.name == "flat" else None)
        )
        values = found.to_dict()
        names = ("family", "kernel_size", "n_dims", "vector", "alpha", "beta", "phi", "den")
        densities.put_all(
            self.session,
            study.id,
            [
                {"layer": ""}
                | {name: values[name] for name in names}
                | {
                    "job_id": self.job.id,
                    "study_id": study.id,
                    "trial_id": best.id,
                    "provenance": {"job": self.job.name, "study": study.name},
                }
            ],
        )
        return best

    def search(self, n_trials: int) -> None:
        """Write the first `n_trials` of every search in turns, and every control."""
        done: dict[int, list[Trial]] = {study.id: [] for study in self.studies}
        searches = [study for study in self.studies if study.role == "search"]
        for number in range(n_trials):
            for study in searches:
                done[study.id].append(self.trial(study, number, self.vector(study, number)))
        for study in self.studies:
            if study.role == "control":
                done[study.id].append(self.trial(study, 0, [1.0, 1.0]))
        for study in self.studies:
            self.keep_best(study, done[study.id])


def running(database: Database, name: str = "photos, 5\u00d75") -> Job:
    """A job at work: failed, diverged, cached, waiting, running and speculative trials."""
    job = submit(database, name)
    with database.write() as session:
        seeder = Seeder(session, job, 34)
        seeder.start()
        seeder.search(8)
        first, second, third = seeder.studies[:3]
        seeder.trial(
            first, 8, [0.2, 0.9], TrialState.FAILED, n_attempts=3,
            error={"detail": "worker died: out of memory (killed by the kernel) after epoch 2"},
        )  # fmt: skip
        seeder.trial(second, 8, [0.9, 1.4], value=1000.0, is_diverged=True, metrics=None)
        seeder.trial(third, 8, [0.62, 1.1], cached_from=2, training_s=0.0, n_attempts=0)
        live = seeder.trial(first, 9, [0.3, 0.81], TrialState.RUNNING)
        seeder.trial(second, 9, [0.29, 0.8], TrialState.RUNNING)
        seeder.trial(third, 9, [0.6, 1.2], TrialState.WAITING)
        seeder.trial(
            first, None, [0.33, 0.8], TrialState.RUNNING, certainty="predicted"
        )  # fmt: skip
        attempt_id = trials.insert_attempts(
            session,
            [
                {
                    "job_id": job.id,
                    "trial_id": live.id,
                    "number": 1,
                    "dispatcher": "d1",
                    "worker": "w1",
                    "started_at": clock.now(),
                }
            ],
        )[0]
        measure(session, job, live, attempt_id, epoch=2)
    return job


def measure(session: Session, job: Job, trial: Trial, attempt_id: int, epoch: int) -> None:
    """Write a measurement and its event."""
    metrics = {"train_loss": 0.0061, "val_loss": 0.0055}
    trials.insert_measurements(
        session,
        [
            {
                "trial_id": trial.id,
                "epoch": epoch,
                "attempt_id": attempt_id,
                "metrics": metrics,
                "elapsed_s": 4.0 * epoch,
                "measured_at": clock.now(),
            }
        ],
    )
    data = {"trial_id": trial.id, "study_id": trial.study_id, "epoch": epoch, "metrics": metrics}
    events.add(session, job.id, "measurement", data)


def complete(session: Session, job: Job, trial: Trial, value: float) -> None:
    """Write what a dispatcher writes when a trial has ended and is the best of its study."""
    job_rows.lock(session, job.id)
    trials.change(
        session,
        [
            {
                "id": trial.id,
                "state": TrialState.COMPLETED,
                "value": value,
                "finished_at": clock.now(),
                "training_s": 3.0,
            }
        ],
    )
    studies.change(session, trial.study_id, best_trial_id=trial.id, best_value=value)
    base = {"id": trial.id, "study_id": trial.study_id, "number": trial.number, "cached": False}
    events.add(session, job.id, "trial", base | {"state": "COMPLETED", "value": value})


def succeeded(database: Database, name: str = "photos, final") -> Job:
    """A finished job with its report and files."""
    job = submit(database, name)
    with database.write() as session:
        seeder = Seeder(session, job, 61)
        seeder.start()
        seeder.search(12)
        job_rows.set_state(session, job.id, JobState.EVALUATING)
        own = studies.of_job(session, job.id)
        for seed in range(3):
            for study in own:
                seeder.trial(study, seed, [0.3, 0.8], phase=Phase.EVALUATION)
        densities.put_artifact(
            session,
            {
                "job_id": job.id,
                "trial_id": None,
                "name": "direct_l.safetensors",
                "media_type": "application/vnd.safetensors",
                "path": "artifacts/direct_l.safetensors",
                "n_bytes": 48_296,
                "sha256": "0" * 64,
            },
        )
        job_rows.set_state(session, job.id, JobState.SUCCEEDED, report=report(own))
    return job


def report(own: list[Study]) -> dict[str, Any]:
    arms = []
    for study in own:
        uniform = study.name == "uniform"
        loss = study.best_value or 0.0
        den = [0.2941, 0.8123] if study.role == "search" else None
        versus = {
            "difference": loss - 0.00502, "low": loss - 0.00512, "high": loss - 0.00492,
            "relative": (loss - 0.00502) / 0.00502, "p": 0.0031, "n": 3, "win_rate": 1.0,
            "p_holm": 0.019, "n_compared": 6,
        }  # fmt: skip
        arms.append(
            {
                "study_id": study.id, "name": study.name, "role": study.role,
                "sampler": study.sampler, "trial_id": study.best_trial_id,
                "params": {"den": den} if den else {"density": study.name},
                "density": {"family": "symmetric", "den": den, "phi": []} if den
                else {"family": study.name, "phi": []},
                "validation_loss": loss,
                "test": {"n": 3, "losses": [loss] * 3, "loss_mean": loss * 1.04,
                         "loss_sd": 7.2e-5, "metrics": {"psnr_db": 24.31, "ssim": 0.7021}},
                "vs_uniform": None if uniform else versus,
                "plateau": findings.PLATEAU if den else None,
                "training_s": 26.4,
            }
        )  # fmt: skip
    return {
        "arms": arms,
        "best_arm": "direct_l",
        "n_seeds": 3,
        "verdict": " ".join(findings.FINDINGS),
        "cost": {"trained": 58, "cached": 3, "training_s": 1432.0},
        **findings.PARTS,
    }


def failed(database: Database) -> Job:
    job = submit(database, "textures, too wide")
    with database.write() as session:
        detail = {"title": "Out of memory", "detail": "no worker can hold a network of width 512"}
        job_rows.set_state(session, job.id, JobState.FAILED, error=detail)
    return job


def paused(database: Database) -> Job:
    job = submit(database, "digits at night")
    with database.write() as session:
        seeder = Seeder(session, job, 13)
        seeder.start()
        seeder.search(3)
        job_rows.set_state(session, job.id, JobState.PAUSED)
    return job


def waiting(database: Database) -> Job:
    """A queued job with a hostile name that waits for workers."""
    job = submit(database, HOSTILE)
    with database.write() as session:
        job_rows.set_waits_for(session, job.id, "all workers are busy with other jobs")
    return job


def function_job(database: Database) -> Job:
    """A job without densities."""
    body = {
        "name": "branin",
        "task": {"kind": "function", "name": "branin", "dimension": 2},
        "samplers": ["direct_l", "random"],
        "budget": {"n_trials": 20},
    }
    job, _ = commands.submit(database, parse.parse(body))
    return job


SEARCH: dict[str, Any] = {
    "name": "photos, searched short",
    "task": {"kind": "denoising"},
    "training": {"epochs": 8},
    "density": {"bounds": [[0.0, 2.0]]},
    "samplers": ["direct_l", "random"],
    "repeats": 3,
    "controls": ["uniform", "uniform_tuned"],
    "fidelity": {"search_fraction": 0.5, "promote": 2},
    "pruning": {"warmup_epochs": 1},
    "budget": {"n_trials": 12},
    "evaluation": {"n_seeds": 2},
}


def simulated(database: Database, body: dict[str, Any], **how: Any) -> Job:
    """A job that the service itself has run, with a stand-in for the training."""
    job, _ = commands.submit(database, parse.parse(body))
    simulation = Simulation(database, **how)
    run = next(run for run in simulation.take() if run.job.id == job.id)
    return simulation.run(run)


def seed_all(database: Database) -> dict[str, Job]:
    """One job of each kind, the running one newest."""
    return {
        "searched": simulated(database, SEARCH, n_workers=3),
        "failed": failed(database),
        "succeeded": succeeded(database),
        "paused": paused(database),
        "function": function_job(database),
        "waiting": waiting(database),
        "running": running(database),
    }
