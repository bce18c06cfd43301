"""A dispatcher without Ray: runs a job's trials in this process, in any order asked for."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from service import leases
from service.records import Dispatcher, Job
from service.runs import Run, open_run
from service.storage import jobs, trials
from service.storage.database import Database
from service.updates import Assignment, Ended, Ending, Update
from workers import functions


@dataclass
class Simulation:
    """`n_workers` pretended workers; the order of completion comes from `seed`."""

    database: Database
    n_workers: int = 2
    seed: int = 0
    fails: set[int] = field(default_factory=set)
    n_trained: int = 0
    digests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.me: Dispatcher = leases.register(self.database, self.n_workers, {"cpus": 2.0})
        self.hand: list[Assignment] = []

    def take(self) -> list[Run]:
        """Claim what is claimable and open it."""
        return [open_run(self.database, job) for job in leases.claim(self.database, self.me, 60.0)]

    def step(self, run: Run, updates: list[Update]) -> None:
        with self.database.write() as session:
            found = run.step(session, updates, self.n_workers - len(self.hand))
        self.hand += found

    def finish_one(self) -> Ended:
        """End one of the running trials, whichever chance picks."""
        assignment = self.hand.pop(self.random.randrange(len(self.hand)))
        self.n_trained += 1
        self.digests.append(assignment.digest)
        if self.n_trained in self.fails:
            return Ended(
                assignment.attempt_id, assignment.trial_id, Ending.CRASHED, error="killed"
            )
        return Ended(
            assignment.attempt_id,
            assignment.trial_id,
            Ending.COMPLETED,
            value=value_of(assignment),
            metrics={"loss": value_of(assignment)},
            training_s=0.0,
        )

    def run(self, run: Run, max_steps: int = 10_000) -> Job:
        """Drive a job to its end."""
        updates: list[Update] = []
        for _ in range(max_steps):
            self.step(run, updates)
            updates = []
            if run.job.state.is_final:
                return run.job
            if self.hand:
                updates = [self.finish_one()]
        raise AssertionError("the job did not end")


def value_of(assignment: Assignment) -> float:
    """The function's value, or for training jobs a stand-in that depends on density and seed."""
    payload = assignment.payload
    if payload["task"]["kind"] == "function":
        return functions.evaluate(
            payload["task"]["name"], payload["task"]["dimension"], payload["point"]
        )
    phi = payload["phi"] or [[1.0] * 3] * 3
    total = sum(sum(row) for row in phi)
    return float(1.0 + (total - 6.0) ** 2 + 1e-3 * (payload["seed"] % 97))


def told(database: Database, job_id: int) -> list[tuple[Any, ...]]:
    """What must not depend on workers, order or crashes: every trial that counts."""
    with database.read() as session:
        return sorted(
            (t.study_id, t.phase.value, t.number, tuple(t.point), t.value, t.state.value)
            for t in trials.of_job(session, job_id)
            if t.number is not None
        )


def report_of(database: Database, job_id: int) -> Any:  # noqa: ANN401 - JSON
    with database.read() as session:
        return jobs.get(session, job_id).report
