"""A package's objective in a pack: it is asked for each candidate."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.support.trainings import DIGITS, PHI, task
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.held import HeldObjective


def test_a_packages_own_loss_is_asked_for_each_candidate() -> None:
    """Also where it derives from ours, which know how to compute them at once."""

    class Doubled(ClassificationObjective):
        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return 2 * super().loss(outputs, targets)

    of = task(DIGITS, phi=PHI)
    inner = Doubled(of.task, torch.device("cpu"), of.training)
    told = type("Told", (), {"n_channels": 1, "n_dims": 2, "n_outputs": 10})
    objective = HeldObjective(inner, "doubled of a package", told)
    outputs, targets = torch.randn(3, 4, 10), torch.arange(4)
    expected = [2 * float(torch.nn.functional.cross_entropy(own, targets)) for own in outputs]
    assert objective.losses(outputs, targets).tolist() == pytest.approx(expected)
    assert objective.evaluate_together(lambda samples: samples, 4) is None
