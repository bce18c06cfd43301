"""Learning-rate schedules, step by step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from workers.training.schedules import build_schedule


def optimizer() -> torch.optim.Optimizer:
    first, second = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    groups: list[dict[str, Any]] = [{"params": [first]}, {"params": [second], "lr": 0.02}]
    return torch.optim.SGD(groups, lr=0.1)


def rates(section: dict[str, Any], steps_per_epoch: int, n_steps: int) -> list[list[float]]:
    """Return both groups' rates at each step."""
    own = optimizer()
    schedule = build_schedule(section, own, steps_per_epoch)
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
        build_schedule(section, optimizer(), 1)
