"""What an objective gets without writing it, on top of what it must write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from densearch.plugins import Batch, Generators, InputShape, Objective, Split

CPU = torch.device("cpu")


class Noise(Objective):
    """Five batches of noise; the loss is the mean square."""

    shape, n_outputs = InputShape(1, 4), 1

    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        for _ in range(self.n_batches(batch_size)):
            drawn = torch.rand(batch_size, generator=generators.noise)
            yield drawn, drawn

    def n_batches(self, batch_size: int) -> int:
        del batch_size
        return 5

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return torch.mean((outputs - targets) ** 2)

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        del network, split, thorough
        return {"loss": 1.0}


def generators() -> Generators:
    return Generators(*(torch.Generator(CPU).manual_seed(seed) for seed in range(4)))


@pytest.mark.parametrize("first", [0, 2, 5, 9])
def test_an_epoch_goes_on_where_it_was_left(first: int) -> None:
    whole = [inputs for inputs, _ in Noise().batches(3, generators())]
    left = [inputs for inputs, _ in Noise().batches_from(first, 3, generators())]
    assert len(left) == max(5 - first, 0)
    assert all(torch.equal(a, b) for a, b in zip(left, whole[first:], strict=True))


def test_what_has_been_trained_on_is_drawn_at_once() -> None:
    given = generators()
    rest = Noise().batches_from(2, 3, given)
    drawn = given.noise.get_state()
    expected = generators()
    for _, _ in zip(range(2), Noise().batches(3, expected), strict=False):
        pass
    assert torch.equal(drawn, expected.noise.get_state())
    next(rest)


def test_losses_of_several_networks_are_those_of_each() -> None:
    outputs = torch.rand(4, 6, generator=torch.Generator(CPU).manual_seed(1))
    targets = torch.zeros(6)
    found = Noise().losses(outputs, targets)
    assert found.tolist() == [Noise().loss(own, targets).item() for own in outputs]


def test_an_objective_may_be_silent_on_the_rest() -> None:
    objective = Noise()
    assert objective.evaluate_together(lambda samples: samples, 4) is None
    assert dict(objective.state_dict()) == {}
    objective.load_state_dict({})
    assert (objective.test_share(), list(objective.judged_sides())) == (1.0, [])
    assert objective.loss_unit == 1.0


def test_what_it_must_write_is_asked_for() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Objective()  # type: ignore[abstract]
