"""Labelled samples: the batches of an epoch, and judging several networks at once."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tests.support.trainings import DENOISING, DIGITS, run, task
from workers.training.generators import generators_of
from workers.training.objectives import build_objective

TINY = {**DENOISING, "n_patches": 64}


CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("section", "batch_size", "sizes"),
    [
        (DIGITS, 359, [359, 359, 359, 1]),
        ({**DIGITS, "kind": "multilabel", "dataset": "mosaics"}, 999, [999, 999, 2]),
        (TINY, 31, [31, 31, 2]),
        (TINY, 32, [32, 32]),
    ],
)
def test_a_smaller_last_batch_is_left_out_where_that_is_asked_for(
    section: dict[str, Any], batch_size: int, sizes: list[int]
) -> None:
    whole = [n for n in sizes if n == batch_size]
    for drops, expected in ((False, sizes), (True, whole)):
        objective, generators = (
            build_objective(section, CPU, {"drop_last": drops}),
            generators_of(0, CPU),
        )
        assert objective.n_batches(batch_size) == len(expected)
        for _ in range(2):
            batches = objective.batches(batch_size, generators)
            assert [len(targets) for _, targets in batches] == expected


def test_where_no_batch_would_be_left_the_training_is_refused() -> None:
    for section, batch_size in ((DIGITS, 1079), (TINY, 65)):
        with pytest.raises(ValueError, match=f"of at most {batch_size - 1}$"):
            run(task(section, training={"batch_size": batch_size, "drop_last": True}))


def test_several_networks_are_judged_as_each_alone() -> None:
    objective = build_objective(DIGITS, CPU, {})
    networks = [nn.Sequential(nn.Flatten(), nn.Linear(64, 10)) for _ in range(2)]
    with torch.inference_mode():
        found = objective.evaluate_together(
            lambda samples: torch.stack([network(samples) for network in networks]), 100
        )
    assert found is not None
    for own, network in zip(found, networks, strict=True):
        alone = objective.evaluate(network, "validation", thorough=False)
        assert own == {name: pytest.approx(value) for name, value in alone.items()}


def test_batches_from_the_third_on_are_those_of_the_epoch() -> None:
    objective = build_objective(DIGITS, CPU, {"augmentation": {"crop_padding_px": 1}})
    whole = list(objective.batches(300, generators_of(3, CPU)))
    later = list(objective.batches_from(2, 300, generators_of(3, CPU)))
    assert len(later) == len(whole) - 2 > 0
    for (ours, labels), (inputs, targets) in zip(later, whole[2:], strict=True):
        assert torch.equal(ours, inputs)
        assert torch.equal(labels, targets)
