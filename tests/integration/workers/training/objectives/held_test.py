"""A package's objective in a pack: it is asked for each candidate."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from densearch.plugins.objective import Judgement
from densearch.plugins.shape import Split
from service.extensions.entry_points import PluginError
from tests.support.trainings import DIGITS, PHI, task
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.held import HeldObjective


def held(kind: type[ClassificationObjective]) -> HeldObjective:
    of = task(DIGITS, phi=PHI)
    inner = kind(of.task, torch.device("cpu"), of.training)
    data = type("Data", (), {"n_channels": 1, "n_dims": 2, "n_outputs": 10})
    return HeldObjective(inner, "own of a package", data)


NETWORK = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


class Wrong(ClassificationObjective):
    item_losses: object
    groups: object = None

    def judge(self, network: nn.Module, split: Split) -> Judgement:
        del network, split
        return Judgement({"loss": 0.5}, self.item_losses, self.groups)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("losses", "groups", "reason"),
    [
        ([0.5], None, "no row of numbers"),
        (torch.tensor(0.5), None, "no row of numbers"),
        (torch.tensor([0.5, 0.6]), None, "mean of 0.55, and a loss of 0.5: the loss must be"),
        (torch.tensor([0.5, torch.nan]), None, "mean of nan"),
        (torch.tensor([0.4, 0.6]), torch.tensor([1]), "one number for each"),
    ],
)
def test_losses_of_items_that_are_not_those_of_the_loss_are_refused(
    losses: object, groups: object, reason: str
) -> None:
    kind = type("Own", (Wrong,), {"item_losses": losses, "groups": groups})
    with pytest.raises(PluginError, match=reason):
        held(kind).judge(NETWORK, "test")


def test_a_judgement_is_passed_on() -> None:
    found = held(ClassificationObjective).judge(NETWORK.eval(), "test")
    assert found.item_losses is not None
    assert float(found.item_losses.mean()) == pytest.approx(found.metrics["loss"])


def test_a_package_that_evaluates_differently_has_no_losses_of_items() -> None:
    """Ours would be those of another loss."""

    class Other(ClassificationObjective):
        def evaluate(
            self, network: nn.Module, split: Split, *, thorough: bool
        ) -> dict[str, float]:
            found = super().evaluate(network, split, thorough=thorough)
            return {**found, "loss": 2 * found["loss"], "mine": 1.0}

    found = held(Other).judge(NETWORK.eval(), "test")
    assert found.item_losses is None
    assert found.metrics["mine"] == 1.0


def test_a_packages_own_loss_is_asked_for_each_candidate() -> None:
    """Also where it derives from ours, which know how to compute them at once."""

    class Doubled(ClassificationObjective):
        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return 2 * super().loss(outputs, targets)

    objective = held(Doubled)
    outputs, targets = torch.randn(3, 4, 10), torch.arange(4)
    expected = [2 * float(torch.nn.functional.cross_entropy(own, targets)) for own in outputs]
    assert objective.losses(outputs, targets).tolist() == pytest.approx(expected)
    assert objective.evaluate_together(lambda samples: samples, 4) is None
