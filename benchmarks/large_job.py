"""A job with any number of trials, written as a dispatcher writes them, without running it."""

from __future__ import annotations

import random
from datetime import timedelta

from service import clock
from service.costs.training_cost import typical_payload
from service.digest import digest_of
from service.jobs import commands
from service.jobs.commands import resolved_of
from service.records import Job, Study
from service.states import JobState, Phase, Role, TrialState
from service.storage import events, studies, trials
from service.storage import jobs as stored
from service.storage.database import Database
from service.studies.resolved import TrainingJob
from service.validation import parse

SAMPLERS = ("direct_l", "tpe", "random", "cmaes")
CHUNK = 5_000
# The last trials of a job that is still at work, by state.
OPEN = {TrialState.RUNNING: 8, TrialState.WAITING: 128}


def fill(database: Database, n_trials: int, *, is_running: bool = False) -> Job:
    """Store a denoising job with four searches and four controls.

    Args:
        database: Migrated.
        n_trials: Search trials of all samplers together.
        is_running: Whether its last trials still run or wait.
    """
    body = {
        "name": f"{n_trials:,} trials",
        "task": {"kind": "denoising"},
        "density": {"family": "symmetric", "bounds": [[0.05, 1.0], [0.5, 1.5]]},
        "network": {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 5},
        "training": {"epochs": 8},
        "samplers": list(SAMPLERS),
        "budget": {"n_trials": n_trials // len(SAMPLERS)},
    }
    job, _ = commands.submit(database, parse.parse(body))
    with database.write() as session:
        stored.set_state(session, job.id, JobState.RUNNING)
        own = [s for s in studies.of_job(session, job.id) if s.role is Role.SEARCH]
    n_open = sum(OPEN.values()) if is_running else 0
    writer = _Writer(database, job, own)
    for start in range(0, n_trials - n_open, CHUNK):
        writer.write(start, min(start + CHUNK, n_trials - n_open), TrialState.COMPLETED)
    if is_running:
        start = n_trials - n_open
        for state, n in OPEN.items():
            writer.write(start, start + n, state)
            start += n
    with database.write() as session:
        for study in own:
            best_id, value = writer.best[study.id]
            changes = {"best_trial_id": best_id, "best_value": value}
            studies.change(session, study.id, is_finished=not is_running, **changes)
        if not is_running:
            stored.set_state(session, job.id, JobState.SUCCEEDED)
    return job


class _Writer:
    def __init__(self, database: Database, job: Job, own: list[Study]) -> None:
        self.best: dict[int, tuple[int, float]] = {}
        self._database, self._job, self._own = database, job, own
        resolved = resolved_of(job)
        assert isinstance(resolved, TrainingJob)
        self._payload = typical_payload(resolved, is_full=False)
        self._chance = random.Random(7)  # noqa: S311 - nothing is hidden by it
        self._since = clock.now() - timedelta(days=3)

    def write(self, start: int, end: int, state: TrialState) -> None:
        """Store the trials from start to end - 1, the studies by turns."""
        rows = [self._row(n, state) for n in range(start, end)]
        with self._database.write() as session:
            issued = trials.insert_all(session, rows)
            attempts = [
                {
                    "job_id": self._job.id,
                    "trial_id": trial.id,
                    "number": 1,
                    "dispatcher": "d1",
                    "started_at": trial.queued_at,
                }
                for trial in issued
                if state is not TrialState.WAITING
            ]
            trials.insert_attempts(session, attempts)
            told = [
                ("trial", {"id": t.id, "study_id": t.study_id, "state": s, "value": t.value})
                for t in issued
                for s in (TrialState.WAITING, TrialState.RUNNING, state)
            ]
            events.add_all(session, self._job.id, told)
        for trial in issued:
            if trial.value is not None:
                known = self.best.get(trial.study_id, (0, float("inf")))
                self.best[trial.study_id] = min(known, (trial.id, trial.value), key=lambda b: b[1])

    def _row(self, n: int, state: TrialState) -> dict[str, object]:
        study, number = self._own[n % len(self._own)], n // len(self._own)
        a, b = self._chance.random(), self._chance.random()
        # Improves until its end: the more steps, the more a staircase has to show.
        value = 0.004 + self._chance.expovariate(50.0) * (a - 0.3) ** 2 + 1.0 / (number + 100)
        at = self._since + timedelta(seconds=2 * n)
        is_done = state is TrialState.COMPLETED
        return {
            "job_id": self._job.id,
            "study_id": study.id,
            "phase": Phase.SEARCH,
            "number": number,
            "state": state,
            "certainty": "certain",
            "point": [a, b],
            "params": {"den": [a, b], "lr": 0.05},
            "payload": self._payload,
            "seed": 1,
            "digest": digest_of([self._job.id, n]),
            "queued_at": at,
            "started_at": at + timedelta(seconds=1) if state is not TrialState.WAITING else None,
            "finished_at": at + timedelta(seconds=2) if is_done else None,
            "value": value if is_done else None,
            "metrics": {"loss": value, "psnr_db": 26.0} if is_done else None,
            "curve": [value * (1 + 1 / e) for e in range(1, 9)] if is_done else None,
            "training_s": 1.0 if is_done else None,
            "n_attempts": 0 if state is TrialState.WAITING else 1,
        }
