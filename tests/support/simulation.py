"""A dispatcher without Ray: runs a job's trials in this process, in any order asked for."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from service.jobs import leases
from service.orchestration import step
from service.orchestration.messages import Assignment, Ended, Ending, Update, packs_of
from service.orchestration.run import Run
from service.orchestration.step import open_run
from service.records import Job, RegisteredDispatcher
from service.storage import jobs, studies, trials
from service.storage.database import Database
from service.studies.median_rule import stop_of
from workers import functions

# What every pretended training holds: more than fits into 32 bits.
PEAK_BYTES = 5 * 10**9


@dataclass
class Simulation:
    """`n_workers` pretended workers; the order of completion comes from `seed`."""

    database: Database
    n_workers: int = 2
    seed: int = 0
    fails: set[int] = field(default_factory=set)
    reason: str = "killed"
    ending: Ending = Ending.ERROR
    n_trained: int = 0
    n_epochs: int = 0
    digests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.me: RegisteredDispatcher = leases.register(
            self.database, self.n_workers, {"cpus": 2.0}
        )
        self.hand: list[Assignment] = []

    def take(self) -> list[Run]:
        """Claim what is claimable and open it."""
        return [open_run(self.database, job) for job in leases.claim(self.database, self.me, 60.0)]

    def step(self, run: Run, updates: list[Update]) -> None:
        step.prepare(run)
        with self.database.write() as session:
            found = step.take(session, run, updates, self.n_workers - len(packs_of(self.hand)))
        self.hand += found
        # The real dispatcher cancels what is not needed any more.
        self.hand = [a for a in self.hand if a.attempt_id in run.live]

    def finish_one(self) -> Ended:
        """End one of the running trials, whichever chance picks."""
        assignment = self.hand.pop(self.random.randrange(len(self.hand)))
        self.n_trained += 1
        self.digests.append(assignment.digest)
        if self.n_trained in self.fails:
            ids = (assignment.attempt_id, assignment.trial_id)
            return Ended(*ids, self.ending, error=self.reason)
        ended = trained(assignment)
        self.n_epochs += len(ended.curve)
        return ended

    def run(self, run: Run, max_steps: int = 10_000) -> Job:
        """Drive a job to its end."""
        self.run_until(run, lambda: run.job.state.is_final, max_steps)
        return run.job

    def run_until(self, run: Run, is_reached: Callable[[], bool], max_steps: int = 10_000) -> None:
        """Drive a job until a condition holds after a step."""
        updates: list[Update] = []
        for _ in range(max_steps):
            self.step(run, updates)
            updates = []
            if is_reached():
                return
            if self.hand:
                updates = [self.finish_one()]
        raise AssertionError("the job did not come so far")


def trained(assignment: Assignment) -> Ended:
    """What a worker would say, with a stand-in for the training."""
    payload, ending = assignment.payload, Ending.COMPLETED
    if payload["task"]["kind"] == "function":
        curve: list[float] = []
        value = functions.evaluate(
            payload["task"]["name"], payload["task"]["dimension"], payload["point"]
        )
    else:
        curve = curve_of(payload)
        epoch = stop_of(curve, assignment.stop_above)
        curve = curve[: epoch if epoch is not None else assignment.rung]
        value = curve[-1]
        if len(curve) < payload["training"]["epochs"]:
            ending = Ending.AT_RUNG if epoch is None else Ending.PRUNED
    return Ended(
        assignment.attempt_id,
        assignment.trial_id,
        ending,
        value=value,
        metrics={"loss": value},
        training_s=0.0,
        curve=tuple(curve),
        learned=learned_from(payload.get("gradient")),
        peak_memory_bytes=PEAK_BYTES,
    )


def learned_from(section: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a training learns: 0.625 wherever a value may be so."""
    if section is None:
        return None
    groups = section["groups"]
    return {"groups": {g["name"]: [min(0.625, high) for _, high in g["bounds"]] for g in groups}}


def curve_of(payload: dict[str, Any]) -> list[float]:
    """A stand-in for a training: falls with the epochs, best at a sum of Phi of 6 and lr 0.1.

    Of several densities the mean counts.
    """
    phi = payload["phi"] or [[1.0] * 3] * 3
    each = list(phi.values()) if isinstance(phi, dict) else [phi]
    total = sum(sum(row) for one in each for row in one) / len(each)
    rate = math.log(payload["training"]["lr"] / 0.1)
    final = 1.0 + (total - 6.0) ** 2 + rate**2 + 1e-3 * (payload["seed"] % 97)
    return [final * (1.0 + 1.0 / epoch) for epoch in range(1, payload["training"]["epochs"] + 1)]


def counted_trials(database: Database, job_id: int) -> list[tuple[Any, ...]]:
    """What must not depend on workers, order or crashes: every trial that counts."""
    with database.read() as session:
        names = {study.id: study.name for study in studies.of_job(session, job_id)}
        return sorted(
            (names[t.study_id], t.phase.value, t.number, tuple(t.point), t.value, t.state.value)
            for t in trials.of_job(session, job_id)
            if t.number is not None
        )


def report_of(database: Database, job_id: int) -> Any:  # noqa: ANN401 - JSON
    with database.read() as session:
        return jobs.get(session, job_id).report


def forget(database: Database, job_id: int) -> None:
    """Let a job's trainings be unknown, so that the next job trains again."""
    with database.write() as session:
        rows = [
            {"id": t.id, "digest": f"forgotten-{t.id}"} for t in trials.of_job(session, job_id)
        ]
        trials.change(session, rows)


def finish_next(database: Database) -> Job:
    """Run the one job that waits to its end."""
    simulation = Simulation(database)
    (run,) = simulation.take()
    return simulation.run(run)


def finish(database: Database, n_jobs: int) -> list[Job]:
    """Run the first jobs that wait to their ends, one after another; the others stay claimed."""
    simulation = Simulation(database)
    return [simulation.run(run) for run in simulation.take()[:n_jobs]]
