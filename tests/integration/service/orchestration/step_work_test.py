"""The cost of a step depends on the changes since the last one, not on the job's trials."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext

import pytest

from densearch.sampler import known_sequence
from service.jobs import commands as use_cases
from service.orchestration.messages import Update
from service.orchestration.run import Run
from service.storage.database import Database
from service.validation import parse
from tests.support.counting import counting_work
from tests.support.simulation import Simulation

# Steps over which work is counted: trials are issued by the half window, 16 at once.
SPAN = 32
# Steps before the first count, and before the last one.
EARLY, LATE = 32, 416
# By how much a step may cost more later: a few bytecodes are noise, a scan is twelve times more.
TOLERANCE = 1.25


def work_of(simulation: Simulation, run: Run) -> dict[int, Counter[str]]:
    """Run a job up to step `LATE` + `SPAN`; return the work of both spans, by their start."""
    updates: list[Update] = []
    found = {start: Counter[str]() for start in (EARLY, LATE)}
    for n in range(LATE + SPAN):
        start = n // SPAN * SPAN
        with counting_work(found[start]) if start in found else nullcontext():
            simulation.step(run, updates)
        updates = [simulation.finish_one()]
    return found


FUNCTION = {"task": {"kind": "function", "name": "ackley", "dimension": 2}}
STOPPED = {
    "task": {"kind": "denoising"},
    "density": {"bounds": [[0.0, 2.0]]},
    "training": {"epochs": 4},
    "controls": [],
    "pruning": {"warmup_epochs": 1},
}


@pytest.mark.parametrize("body", [FUNCTION, STOPPED], ids=["functions", "median rule"])
def test_a_step_costs_the_same_whatever_came_before(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, body: dict[str, object]
) -> None:
    monkeypatch.setattr(known_sequence, "WINDOW", 32)
    whole = {"name": "flat", "samplers": ["random"], "budget": {"n_trials": 1000}, **body}
    use_cases.submit(sqlite_database, parse.parse(whole))
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    work = work_of(simulation, run)
    growth = (work[LATE] - work[EARLY]).most_common(5)
    assert work[LATE].total() <= TOLERANCE * work[EARLY].total(), growth
