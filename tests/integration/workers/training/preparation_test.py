"""What a task trains is built from it alone, with its density where the task puts it."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor

from densearch.nn.operator import convolutions
from tests.support.trainings import DIGITS, PHI, SMALL_CNN, learning, task
from workers.training.preparation import endless_batches, prepare

LARGE = {"batch_size": 400}


def kernels(**changes: Any) -> dict[str, Tensor]:
    layers = convolutions(prepare(task(DIGITS, training=LARGE, **changes)).network)
    return {name: layer.weight.detach() for name, layer in layers.items()}


def test_a_density_is_put_where_the_task_says() -> None:
    plain = kernels(phi=None)
    first, second = plain
    for phi, chosen in (
        (PHI, {first, second}),
        ({second: PHI}, {second}),
        (((1.0,) * 3,) * 3, set()),  # the plain network
    ):
        for name, kernel in kernels(phi=phi).items():
            factor = torch.tensor(PHI) if name in chosen else 1.0
            assert torch.equal(kernel, plain[name] * factor)


def test_a_density_is_given_or_learned() -> None:
    with pytest.raises(ValueError, match="given or learned, not both"):
        prepare(task(DIGITS, phi=PHI, gradient=learning(SMALL_CNN)))


def test_equal_tasks_start_from_the_same_bits_whatever_the_density() -> None:
    """Common random numbers: W is the same, and so are the batches."""
    ours, others = (prepare(task(DIGITS, phi=phi, training=LARGE)) for phi in (PHI, None))
    weights = [own.optimizer.param_groups[0]["params"] for own in (ours, others)]
    for own in weights[0]:
        assert any(torch.equal(own, like) for like in weights[1] if like.shape == own.shape)
    of = task(DIGITS, training=LARGE)
    drawn = [next(endless_batches(parts, of))[1] for parts in (ours, others)]
    assert torch.equal(*drawn)


def test_batches_go_on_after_an_epoch_in_another_order() -> None:
    of = task(DIGITS, training=LARGE)
    parts = prepare(of)
    n = parts.objective.n_batches(400)
    labels = [batch[1] for batch in islice(endless_batches(parts, of), 2 * n)]
    first, second = torch.cat(labels[:n]), torch.cat(labels[n:])
    assert len(first) == len(second) == 1078
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, second.sort().values)
