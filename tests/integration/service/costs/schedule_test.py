"""Estimated times against schedules of the real search, with workers whose time is pretended."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import pytest

from service.costs import workload
from service.costs.figures import Interval
from service.costs.schedule import kind_of, time_of
from service.costs.training_cost import TrainingCost
from service.jobs import commands as use_cases
from service.orchestration.messages import Assignment, Update, packs_of
from service.orchestration.run import Run
from service.states import JobState
from service.storage.database import Database
from service.studies.resolved import ResolvedSpec
from service.validation import parse
from tests.support.simulation import Simulation, trained

VARYING = TrainingCost(
    start_s=1.0, epoch_s=(0.8, 1.0, 1.4), final_s=0.5, n=0, pack_epoch_s={1: 1.0, 4: 0.5},
)  # fmt: skip
# Every training takes the same time, in a pack as alone: nothing but the schedule is left.
CONSTANT = TrainingCost(
    start_s=0.0, epoch_s=(1.0, 1.0, 1.0), final_s=0.0, n=0, pack_epoch_s={1: 1.0, 4: 1.0},
)  # fmt: skip
JOB: dict[str, Any] = {
    "name": "photos",
    "task": {"kind": "denoising"},
    "training": {"epochs": 4},
    "density": {"bounds": [[0.1, 2.0], [0.1, 1.9]]},
    "network": {"kind": "dncnn", "kernel_size": 5},
    "samplers": ["direct_l"],
    "controls": ["uniform"],
    "budget": {"n_trials": 15},
    "evaluation": {"n_seeds": 2},
}


@dataclass
class Schedule(Simulation):
    """Workers that take packs as soon as they are free; `now` is the pretended time, s."""

    cost: TrainingCost = CONSTANT
    now: float = 0.0

    def length_of(self, pack: list[Assignment]) -> float:
        """Return a time within what `cost` says of such a pack."""
        low, middle, high = self.cost.epoch_s
        epochs: int = max(assignment.payload["training"]["epochs"] for assignment in pack)
        if len(pack) == 1:
            epoch_s = self.random.uniform(low, high)
        else:  # better than one after another, at best as well as a full one
            epoch_s = self.random.uniform(self.cost.pack_epoch_s[4], middle) * len(pack)
        return self.cost.start_s + epochs * epoch_s + self.cost.final_s

    def run_for(self, run: Run) -> float:
        """Drive a job to its end and return the time that it took."""
        ends: list[tuple[float, int]] = []
        begun: dict[int, list[Assignment]] = {}
        updates: list[Update] = []
        while True:
            self.step(run, updates)
            if run.job.state.is_final:
                assert run.job.state is JobState.SUCCEEDED
                return self.now
            for pack in packs_of(self.hand):
                if pack[0].pack not in begun:
                    begun[pack[0].pack] = pack
                    heapq.heappush(ends, (self.now + self.length_of(pack), pack[0].pack))
            updates = []
            if not run.needs.has_more:
                self.now, first = heapq.heappop(ends)
                updates = [trained(a) for a in begun[first] if a in self.hand]
                self.hand = [a for a in self.hand if a.pack != first]


def estimate_of(job: ResolvedSpec, cost: TrainingCost, width: int, n_workers: int) -> Interval:
    kinds = [
        kind_of(each, cost, width, workload.n_together(job, each, width, n_workers))
        for each in workload.trainings_of(job)
    ]
    found = time_of(job, kinds, width, n_workers)
    assert found is not None
    return found


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"samplers": ["tpe"]},
        {"samplers": ["direct_l", "random"], "controls": ["uniform", "flat", "uniform_tuned"]},
        {"fidelity": {"search_fraction": 0.5, "promote": 2}},
        {"pruning": {"rule": "median", "warmup_epochs": 1}, "samplers": ["direct_l", "tpe"]},
        {"use_speculation": True},
    ],
    ids=["direct_l", "tpe", "several", "fidelity", "pruning", "speculation"],
)
@pytest.mark.parametrize(
    ("cost", "n_workers"),
    [(VARYING, 3), (CONSTANT, 3), (CONSTANT, 1), pytest.param(VARYING, 1, marks=pytest.mark.slow)],
    ids=["varying-3", "constant-3", "constant-1", "varying-1"],
)
def test_a_schedule_ends_within_its_estimate(
    sqlite_database: Database,
    cost: TrainingCost,
    changes: dict[str, Any],
    width: int,
    n_workers: int,
) -> None:
    body = JOB | {"resources": {"pack_width": width}} | changes
    spec = parse.parse(body)
    use_cases.submit(sqlite_database, spec)
    schedule = Schedule(sqlite_database, n_workers, seed=n_workers, cost=cost)
    (run,) = schedule.take()
    taken_s = schedule.run_for(run)
    found = estimate_of(run.resolved, cost, width, n_workers)
    assert found.low - 1e-9 <= taken_s <= found.high + 1e-9
