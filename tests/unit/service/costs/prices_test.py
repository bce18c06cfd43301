"""What a second of a worker costs, and budgets in money that cannot be counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.costs.prices import UNPRICED, Prices, prices_of
from service.settings import Settings
from service.spec import JobSpec, Resources
from service.validation import parse
from tests.support.jobs import function_job

CPU, GPU = Prices(cpu_hour=36.0), Prices(gpu_hour=360.0)
BOTH = Prices(36.0, 360.0, "EUR")


def spec_of(budget: dict[str, Any], **resources: float) -> JobSpec:
    return parse.parse(function_job(budget={"n_trials": 1} | budget, resources=resources))


@pytest.mark.parametrize(
    ("prices", "cpus", "gpus", "expected"),
    [
        (BOTH, 2.0, 0.5, 0.02 + 0.05),
        (CPU, 2.0, 0.0, 0.02),  # no GPU is used: its price is not missing
        (CPU, 2.0, 0.5, None),
        (GPU, 2.0, 0.5, None),
        (Prices(cpu_hour=0.0), 2.0, 0.0, 0.0),  # free is a price
        (UNPRICED, 1.0, 0.0, None),
    ],
)
def test_a_second_costs_what_its_devices_do(
    prices: Prices, cpus: float, gpus: float, expected: float | None
) -> None:
    found = prices.per_s(Resources(cpus_per_trial=cpus, gpus_per_trial=gpus))
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("prices", "missing"),
    [
        (UNPRICED, ["CPU", "GPU"]),
        (CPU, ["GPU"]),
        (GPU, ["CPU"]),
    ],
)
def test_a_budget_that_cannot_be_counted_names_the_settings(
    prices: Prices, missing: list[str]
) -> None:
    (fault,) = prices.faults(spec_of({"cost": 1.0}, gpus_per_trial=1.0))
    assert fault.pointer == "/budget/cost"
    named = [f"DENSEARCH_PRICE_PER_{device}_HOUR" for device in missing]
    assert " and ".join(named) in fault.detail


def test_a_budget_without_money_or_with_all_prices_is_accepted() -> None:
    assert list(UNPRICED.faults(spec_of({}, gpus_per_trial=1.0))) == []
    assert list(BOTH.faults(spec_of({"cost": 1.0}, gpus_per_trial=1.0))) == []


def test_the_operators_prices_come_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, price_per_cpu_hour=36.0, currency="CHF")
    assert prices_of(settings) == Prices(36.0, None, "CHF")
