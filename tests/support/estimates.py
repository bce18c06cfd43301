"""Shared by tests: measured costs for estimates."""

from __future__ import annotations

from service.costs import calibrations
from service.costs.training_cost import TrainingCost
from service.jobs import leases
from service.records import RegisteredDispatcher
from service.storage.database import Database

COST = TrainingCost(
    start_s=1.0, epoch_s=(0.9, 1.0, 1.2), final_s=0.5, n=0, device="a CPU",
    peak_memory_bytes=3 * 10**8, pack_epoch_s={1: 1.0, 4: 0.5}, pack_width=4, load_s=100.0,
)  # fmt: skip


def dispatch(database: Database, **resources: float) -> RegisteredDispatcher:
    return leases.register(database, 2, {"cpus": 4.0, "gpus": 0.0} | resources)


def measure(
    database: Database, me: RegisteredDispatcher, result: TrainingCost | str = COST
) -> None:
    """Do what a dispatcher does with the oldest measurement that is asked for."""
    waiting = calibrations.next_open(database)
    assert waiting is not None
    assert calibrations.take(database, waiting, me, lease_s=60.0)
    calibrations.settle(database, waiting.id, me, result)
