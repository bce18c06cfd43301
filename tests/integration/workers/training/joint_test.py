"""Joint parameters of a pack: gradients keep their places, and settings are a candidate's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.packs import WAVEFORMS, densities, outer, taken
from tests.support.trainings import DENOISING, DIGITS, task
from workers.training.preparation import Prepared, endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

MOSAICS = {"kind": "multilabel", "dataset": "mosaics"}


def test_gradients_keep_their_places() -> None:
    forward, _ = taken([task(DIGITS, phi=phi) for phi in densities(3)], 1)
    groups = [own.optimizer.param_groups[0]["params"] for own in forward.candidates]
    before = [[parameter.grad.data_ptr() for parameter in group] for group in groups]
    assert len({place for places in before for place in places}) == 3 * 6
    step(forward, *next(endless_batches(forward.candidates[0], task(DIGITS))), 2)
    after = [[parameter.grad.data_ptr() for parameter in group] for group in groups]
    assert after == before


def values(own: Prepared) -> list[Tensor]:
    """Return what training has changed."""
    parameters = [value for group in own.optimizer.param_groups for value in group["params"]]
    return [*parameters, *own.network.parameters(), *own.network.buffers()]


# What a candidate may have of its own.
OPTIMIZERS: list[dict[str, Any]] = [
    {"lr": 0.01, "clip_norm": 0.1},
    {"optimizer": "adam", "lr": 0.01},
    {"optimizer": "adamw", "lr": 0.02, "clip_norm": 0.05, "weight_decay": 0.1},
    {"lr": 0.01, "schedule": "cosine", "nesterov": True},
    {"optimizer": "adam", "lr": 0.01, "clip_norm": 0.2},
]


@pytest.mark.parametrize(
    ("section", "shared", "n_dims"),
    [
        # Batches of 13 fill no register; neither do 7 labels, or 10 classes.
        (DIGITS, {"batch_size": 13, "label_smoothing": 0.2}, 2),
        (MOSAICS, {"batch_size": 5}, 2),
        (WAVEFORMS, {"batch_size": 3}, 1),
        ({**DENOISING, "patch_px": 9, "n_patches": 33}, {"batch_size": 7}, 2),
    ],
    ids=["classes", "labels", "signals", "images"],
)
def test_every_setting_is_a_candidates_own_in_every_bit(
    section: dict[str, Any], shared: dict[str, Any], n_dims: int
) -> None:
    phis = [None, *(outer(alpha, n_dims) for alpha in ((0.5, 1.0, 0.7), (1.2, 1.0, 0.4)))]
    tasks = [
        task(section, phi=phis[n % 3], training={**own, **shared})
        for n, own in enumerate(OPTIMIZERS)
    ]
    whole, losses = taken(tasks, 4)
    judged = whole.judge(shared["batch_size"])
    for chosen in ([2], [4, 0], [3, 1, 2]):
        part, of_part = taken([tasks[place] for place in chosen], 4)
        assert of_part == [losses[place] for place in chosen]
        for own, place in zip(part.candidates, chosen, strict=True):
            pairs = zip(values(own), values(whole.candidates[place]), strict=True)
            assert all(torch.equal(one, other) for one, other in pairs)
        again = part.judge(shared["batch_size"])
        assert again == (None if judged is None else [judged[place] for place in chosen])


@pytest.mark.parametrize(
    "of", [task(DIGITS, training={"label_smoothing": 0.3}), task(MOSAICS), task(DENOISING)],
    ids=["classes", "labels", "images"],
)  # fmt: skip
def test_losses_at_once_are_those_of_each(of: TrainingTask) -> None:
    objective = prepare(of).objective
    _, targets = next(objective.batches(6, prepare(of).generators))
    shape = targets.shape if targets.is_floating_point() else (6, objective.n_outputs)
    outputs = torch.randn((3, *shape), generator=torch.Generator().manual_seed(0))
    expected = [float(objective.loss(own, targets)) for own in outputs]
    assert objective.losses(outputs, targets).tolist() == pytest.approx(expected, rel=1e-6)
