"""Learning-rate schedules, step by step."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
)

from tests.support.trainings import settings
from workers.training.schedules import build_schedule, warm_restarts


def optimizer() -> torch.optim.Optimizer:
    first, second = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    groups: list[dict[str, Any]] = [{"params": [first]}, {"params": [second], "lr": 0.02}]
    return torch.optim.SGD(groups, lr=0.1)


def rates(section: dict[str, Any], steps_per_epoch: int, n_steps: int) -> list[list[float]]:
    """Return both groups' rates at each step."""
    own = optimizer()
    schedule = build_schedule(settings(section), own, steps_per_epoch)
    found = []
    for _ in range(n_steps):
        found.append([group["lr"] for group in own.param_groups])
        own.step()
        schedule.step()
    return found


def test_a_constant_rate_stays_in_every_bit_and_is_the_default() -> None:
    assert rates({"epochs": 2}, 3, 6) == [[0.1, 0.02]] * 6
    assert rates({"epochs": 2, "schedule": "constant"}, 3, 6) == [[0.1, 0.02]] * 6


def test_a_cosine_is_that_of_torch() -> None:
    own = rates({"epochs": 4, "schedule": "cosine", "schedule_epochs": None}, 5, 20)
    reference = optimizer()
    annealing = CosineAnnealingLR(reference, T_max=20)
    for step in range(20):
        expected = [group["lr"] for group in reference.param_groups]
        assert own[step] == pytest.approx(expected, rel=1e-9)
        reference.step()
        annealing.step()
    assert own[0] == [0.1, 0.02]
    assert own[10] == pytest.approx([0.05, 0.01])
    assert own[-1][0] < 0.001


def of_torch(reference: torch.optim.Optimizer, schedule: LRScheduler, n: int) -> list[float]:
    found = []
    for _ in range(n):
        found.append(reference.param_groups[0]["lr"])
        reference.step()
        schedule.step()
    return found


def first(rates_of_groups: list[list[float]]) -> list[float]:
    return [group for group, _ in rates_of_groups]


def test_steps_are_those_of_torch() -> None:
    own = rates({"epochs": 4, "schedule": "step"}, 5, 20)
    reference = optimizer()
    expected = of_torch(reference, MultiStepLR(reference, [10, 15], gamma=0.1), 20)
    assert first(own) == pytest.approx(expected, rel=1e-12)
    assert [first(own)[step] for step in (9, 10, 14, 15)] == pytest.approx([0.1, 0.01, 0.01, 1e-3])


def test_one_cycle_is_that_of_torch() -> None:
    """Torch ends on its last step, ours one later: its schedule of one more step is ours."""
    own = rates({"epochs": 5, "schedule": "one_cycle"}, 4, 20)
    reference = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    cycle = OneCycleLR(reference, max_lr=0.1, total_steps=21, pct_start=7 / 21,
                       cycle_momentum=False)  # fmt: skip
    assert first(own) == pytest.approx(of_torch(reference, cycle, 20), rel=1e-9)
    assert first(own)[0] == pytest.approx(0.1 / 25)
    assert first(own)[6] == pytest.approx(0.1)


def test_a_warm_up_is_that_of_torch_on_top_of_the_schedule() -> None:
    own = rates({"epochs": 4, "schedule": "cosine", "warmup_epochs": 2}, 5, 20)
    reference = optimizer()
    warm_up = LinearLR(reference, start_factor=0.1, total_iters=9)
    both = ChainedScheduler([warm_up, CosineAnnealingLR(reference, T_max=20)])
    assert first(own) == pytest.approx(of_torch(reference, both, 20), rel=1e-9)
    constant = first(rates({"epochs": 4, "warmup_epochs": 1}, 4, 6))
    assert constant == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1])


@pytest.mark.parametrize("schedule", ["step", "one_cycle"])
def test_cut_schedules_begin_as_the_full_ones(schedule: str) -> None:
    whole = {"epochs": 8, "schedule": schedule, "warmup_epochs": 1}
    cut = {**whole, "epochs": 5, "schedule_epochs": 8}
    assert rates(cut, 3, 15) == rates(whole, 3, 24)[:15]


def test_a_cut_schedule_is_the_beginning_of_the_full_one() -> None:
    full = rates({"epochs": 8, "schedule": "cosine"}, 3, 24)
    cut = rates({"epochs": 2, "schedule": "cosine", "schedule_epochs": 8}, 3, 6)
    assert cut == full[:6]


def test_a_shortened_schedule_runs_through_all_of_it() -> None:
    full = rates({"epochs": 8, "schedule": "cosine"}, 3, 24)
    shortened = rates({"epochs": 2, "schedule": "cosine"}, 3, 6)
    assert shortened == full[::4]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"epochs": 1, "schedule": "steps"}, "unknown schedule 'steps': known are constant, cos"),
        ({"epochs": 5, "schedule_epochs": 4}, "a schedule of 4 epochs ends before .* of 5"),
    ],
)
def test_what_cannot_be_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_schedule(settings(section), optimizer(), 1)


def test_warm_restarts_of_densities_are_those_of_torch_at_whole_epochs() -> None:
    section = {"epochs": 75, "schedule": "cosine"}
    own = optimizer()
    schedule = build_schedule(settings(section), own, 3, of_densities="warm_restarts")
    reference = optimizer()
    restarts = CosineAnnealingWarmRestarts(reference, T_0=10, T_mult=2)
    weights = [group[0] for group in rates(section, 3, 225)]
    for step in range(225):
        lr, of_density = (group["lr"] for group in own.param_groups)
        assert of_density == pytest.approx(reference.param_groups[1]["lr"], rel=1e-9, abs=1e-12)
        assert lr == weights[step]
        own.step()
        schedule.step()
        if step % 3 == 2:
            reference.step()
            restarts.step()
    assert [warm_restarts(epoch) for epoch in (0, 10, 30, 70)] == [1.0] * 4
    assert warm_restarts(9) == pytest.approx(0.5 * (1 + math.cos(0.9 * math.pi)))


def test_a_density_may_have_a_constant_rate_without_a_warm_up() -> None:
    own = optimizer()
    section = {"epochs": 4, "schedule": "cosine", "warmup_epochs": 1}
    schedule = build_schedule(settings(section), own, 2, of_densities="constant")
    for _ in range(8):
        assert own.param_groups[1]["lr"] == 0.02
        own.step()
        schedule.step()


def test_an_unknown_schedule_of_densities_is_refused() -> None:
    with pytest.raises(
        ValueError, match="unknown schedule 'cosine' of densities: known are const"
    ):
        build_schedule(settings({"epochs": 2}), optimizer(), 2, of_densities="cosine")
