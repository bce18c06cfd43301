"""A plug-in's network is held to what the objective's targets need, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from workers.training.fitting import require_fit

CPU = torch.device("cpu")


def objective(targets: Tensor | None, sides: tuple[tuple[int, ...], ...] = ()) -> Any:  # noqa: ANN401 - what is asked of one
    """An objective of 3 outputs for inputs of 2 channels, with one batch or none."""

    def batches(*_: object) -> Iterator[tuple[Tensor, Tensor]]:
        if targets is not None:
            yield torch.zeros(len(targets), 2, 6, 6), targets

    return SimpleNamespace(
        batches=batches,
        judged_sides=lambda: sides,
        n_outputs=3,
        shape=SimpleNamespace(n_channels=2),
    )


class Several(nn.Module):
    def forward(self, values: Tensor) -> tuple[Tensor, ...]:
        return values, values


CLASSES = torch.tensor([0, 2])
HEAD = nn.Sequential(nn.Flatten(), nn.Linear(72, 3))


def test_classes_need_an_output_each() -> None:
    require_fit(HEAD, objective(CLASSES), CPU)
    with pytest.raises(ValueError, match=r"shape \(2, 72\) to 2 samples .* needs \(2, 3\)"):
        require_fit(nn.Flatten(), objective(CLASSES), CPU)


def test_other_targets_need_their_own_shape() -> None:
    images = torch.zeros(2, 3, 6, 6)
    require_fit(nn.Conv2d(2, 3, 1), objective(images, ((9, 7),)), CPU)
    with pytest.raises(ValueError, match=r"needs \(2, 3, 6, 6\)"):
        require_fit(nn.Conv2d(2, 3, 3), objective(images), CPU)


def test_samples_that_are_judged_must_pass_too() -> None:
    """Of other sides than those that are trained on."""
    with pytest.raises(ValueError, match=r"fails on samples of shape \(2, 9, 7\)"):
        require_fit(HEAD, objective(CLASSES, ((9, 7),)), CPU)


def test_what_is_no_tensor_and_no_batch_are_named() -> None:
    with pytest.raises(ValueError, match="answers with a tuple, not a tensor"):
        require_fit(Several(), objective(CLASSES), CPU)
    with pytest.raises(ValueError, match="has no batch"):
        require_fit(HEAD, objective(None), CPU)


def test_the_network_stays_as_it_is() -> None:
    network = nn.Sequential(nn.BatchNorm2d(2), HEAD)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for is_training in (True, False):
        network.train(is_training)
        require_fit(network, objective(CLASSES), CPU)
        assert network.training is is_training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
