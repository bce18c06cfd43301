"""A cluster without Ray, whose workers end a trial on a test's request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from service.jobs import commands as use_cases
from service.orchestration.messages import Assignment, Ended, Ending
from service.records import Calibration, Job
from service.storage import jobs
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import trained
from workers.dispatcher import Dispatcher
from workers.pulse import ClusterLostError
from workers.slots import NOTHING, WorkerShape
from workers.worker import Message


class PretendedCluster:
    """Two workers, whose trials end by `finish`."""

    def __init__(self) -> None:
        self.n_cpus = 2.0
        self.lost: ClusterLostError | None = None
        self.has_left = False
        self.withheld = 0
        self.hand: dict[int, Assignment] = {}
        self.cancelled: set[int] = set()
        self.epoch_s = 0.0
        self.measuring: Calibration | None = None
        self.result: dict[str, Any] | str | None = None
        self.messages: list[tuple[Assignment, Message]] = []

    def resources(self) -> dict[str, float]:
        return {"cpus": self.n_cpus, "gpus": 0.0}

    def capacity(self, shape: WorkerShape) -> int:
        return int(self.n_cpus // shape.cpus)

    def n_free(self, shape: WorkerShape, held: WorkerShape = NOTHING) -> int:
        n_busy = len({a.pack for a in self.hand.values()}) + (self.measuring is not None)
        return max(0, int((self.n_cpus - held.cpus) // shape.cpus) - n_busy - self.withheld)

    def n_withheld(self, shape: WorkerShape) -> int:
        del shape
        return self.withheld

    def measure(self, shape: WorkerShape, calibration: Calibration) -> None:
        assert self.n_free(shape) > 0
        assert self.measuring is None
        self.measuring = calibration

    def measured(self) -> tuple[int, dict[str, Any] | str] | None:
        if self.measuring is None or self.result is None:
            return None
        found = self.measuring.id, self.result
        self.measuring = self.result = None
        return found

    def stop_measuring(self) -> None:
        self.measuring = None

    def lack_of(self, shape: WorkerShape) -> str:
        return f"a trial needs {shape.cpus:g} CPUs"

    def share(self) -> None:
        pass

    def check(self) -> None:
        if self.lost is not None:
            raise self.lost

    def abandon(self, error: ClusterLostError) -> Iterator[tuple[Assignment, Message]]:
        for assignment in self.hand.values():
            ids = (assignment.attempt_id, assignment.trial_id)
            yield assignment, (Ended(*ids, Ending.CRASHED, error=str(error)), None)
        self.hand = {}

    def stop(self) -> None:
        self.has_left = True

    def place(self, shape: WorkerShape, pack: Sequence[Assignment]) -> None:
        del shape
        self.hand |= {assignment.attempt_id: assignment for assignment in pack}

    def cancel(self, attempt_ids: set[int]) -> None:
        self.cancelled |= attempt_ids

    def in_hand(self) -> dict[int, Assignment]:
        return dict(self.hand)

    def poll(self, timeout_s: float) -> Iterator[tuple[Assignment, Message]]:
        del timeout_s
        for assignment, message in self.messages:
            del self.hand[assignment.attempt_id]
            yield assignment, message
        self.messages = []

    def finish(self, assignment: Assignment) -> None:
        ended = trained(assignment)
        ended = replace(ended, training_s=self.epoch_s * len(ended.curve))
        self.messages.append((assignment, (ended, None)))


def submit(database: Database, **changes: object) -> int:
    body = {
        "name": "sphere",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": ["random"],
        "budget": {"n_trials": 4},
    } | changes
    return use_cases.submit(database, parse.parse(body))[0].id


def job_of(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return jobs.get(session, job_id)


def turn_until_ended(
    dispatcher: Dispatcher, cluster: PretendedCluster, database: Database, job_id: int
) -> Job:
    for _ in range(200):
        dispatcher.turn()
        for assignment in cluster.in_hand().values():
            cluster.finish(assignment)
        if (job := job_of(database, job_id)).state.is_final:
            return job
    raise AssertionError("the job did not end")
