"""The state of a training: captured whole, refused by another one, and put back bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.support.trainings import DIGITS, task
from workers.training.checkpoint import Checkpoint, MisfitError, Position
from workers.training.forward import PlainForward
from workers.training.generators import generators_of
from workers.training.judging import CandidateRun
from workers.training.memory import MemoryPeak
from workers.training.preparation import endless_batches, prepare
from workers.training.state import (
    capture,
    position_of,
    put_back,
    random_states,
    require_fit,
    set_random_states,
)
from workers.training.stepping import step
from workers.training.task import Candidate

CPU = torch.device("cpu")


def run_of(**training: Any) -> CandidateRun:
    of = task(DIGITS, training={"batch_size": 64, **training})
    return CandidateRun(0, Candidate(of), prepare(of), "float32", MemoryPeak(CPU))


def stepped(run: CandidateRun, n: int, first: int = 1) -> list[float]:
    forward = PlainForward([run.parts], "float32")
    batches = endless_batches(run.parts, run.task)
    return [float(step(forward, *next(batches), first + i)) for i in range(n)]


def captured(run: CandidateRun) -> Checkpoint:
    states = random_states(run.parts.generators, CPU)
    return capture(run, Position(n_steps=3, n_batches=3, generators=states), 1.0)


def specs(checkpoint: Checkpoint) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    return {name: (tuple(own.shape), own.dtype) for name, own in checkpoint.tensors.items()}


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_what_is_put_back_steps_on_in_the_same_bits(optimizer: str) -> None:
    ours, other = run_of(optimizer=optimizer, lr=0.01), run_of(optimizer=optimizer, lr=0.01)
    stepped(ours, 3)
    checkpoint = captured(ours)
    require_fit(other, checkpoint.progress, specs(checkpoint))
    put_back(other, checkpoint)
    set_random_states(other.parts.generators, CPU, position_of(checkpoint).generators)
    assert stepped(other, 2, 4) == stepped(ours, 2, 4)


def test_a_checkpoint_is_a_copy() -> None:
    run = run_of()
    stepped(run, 1)
    checkpoint = captured(run)
    before = {name: own.clone() for name, own in checkpoint.tensors.items()}
    stepped(run, 2)
    assert all(torch.equal(before[name], own) for name, own in checkpoint.tensors.items())


@pytest.mark.parametrize(
    ("training", "reason"),
    [
        ({"optimizer": "adam"}, "has not the tensors of this optimizer"),
        ({"batch_size": 1078}, "more than 1 batches an epoch"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(
    training: dict[str, Any], reason: str
) -> None:
    run = run_of()
    stepped(run, 1)
    checkpoint = captured(run)
    with pytest.raises(MisfitError, match=reason):
        require_fit(run_of(**training), checkpoint.progress, specs(checkpoint))


def test_a_tensor_more_or_of_another_shape_is_refused() -> None:
    run = run_of()
    checkpoint = captured(run)
    given = specs(checkpoint)
    name = next(own for own in given if own.startswith("network."))
    for changed in (
        {own: of for own, of in given.items() if own != name},
        given | {name: ((1,), torch.float32)},
        given | {"network.more": ((1,), torch.float32)},
        given | {"optimizer.x.step": ((), torch.float32)},
    ):
        with pytest.raises(MisfitError, match="has not the tensors of this"):
            require_fit(run, checkpoint.progress, changed)


def test_random_states_are_put_back_torchs_own_included() -> None:
    generators = generators_of(1, CPU)
    states = random_states(generators, CPU)
    before = torch.rand(2), torch.rand(2, generator=generators.order)
    set_random_states(generators, CPU, states)
    again = torch.rand(2), torch.rand(2, generator=generators.order)
    assert all(torch.equal(*pair) for pair in zip(before, again, strict=True))
