"""The width of packs that a job leaves to the server: measured once, then part of its spec."""

from __future__ import annotations

from typing import Any

import pytest

from service.costs import calibrations
from service.costs.training_cost import TrainingCost
from service.jobs.commands import resolved_of
from service.orchestration import pack_width
from service.orchestration.run import Run
from service.storage import jobs
from service.storage.database import Database
from tests.support.estimates import COST, measure
from tests.support.jobs import function_job, submit, training_job
from tests.support.simulation import Simulation

AUTO = {"resources": {"pack_width": "auto"}}
FUSIBLE = {"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 3}


def taken(database: Database, body: dict[str, Any]) -> tuple[Simulation, Run]:
    submit(database, body)
    simulation = Simulation(database)
    (run,) = simulation.take()
    return simulation, run


def settled(database: Database, run: Run) -> bool:
    with database.write() as session:
        return pack_width.settle(session, run)


def stored_width(database: Database, run: Run) -> int | str:
    with database.read() as session:
        return resolved_of(jobs.get(session, run.job.id)).spec.resources.pack_width


@pytest.mark.parametrize(
    ("result", "expected"), [(COST, COST.pack_width), ("CUDA out of memory", 1)]
)
def test_it_waits_for_one_measurement_and_keeps_its_result(
    sqlite_database: Database, result: TrainingCost | str, expected: int
) -> None:
    simulation, run = taken(sqlite_database, training_job(network=FUSIBLE, **AUTO))
    assert not settled(sqlite_database, run)
    assert not settled(sqlite_database, run)
    measure(sqlite_database, simulation.me, result)
    assert calibrations.next_open(sqlite_database) is None  # asked for once
    assert settled(sqlite_database, run)
    assert stored_width(sqlite_database, run) == run.pack_width == expected


@pytest.mark.parametrize(
    "body",
    [
        function_job(**AUTO),
        training_job(network=FUSIBLE | {"width": 9}, **AUTO),  # no pack can hold it
    ],
    ids=["function", "network"],
)
def test_what_no_pack_can_hold_is_not_measured(
    sqlite_database: Database, body: dict[str, Any]
) -> None:
    _, run = taken(sqlite_database, body)
    assert settled(sqlite_database, run)
    assert calibrations.next_open(sqlite_database) is None
    assert stored_width(sqlite_database, run) == 1


def test_a_width_that_the_user_chose_is_left_alone(sqlite_database: Database) -> None:
    _, run = taken(sqlite_database, training_job(network=FUSIBLE, resources={"pack_width": 4}))
    assert settled(sqlite_database, run)
    assert calibrations.next_open(sqlite_database) is None
    assert stored_width(sqlite_database, run) == 4
