"""Steps of packs: what they cost, what they wait for, and that they are each candidate's own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.dispatched import Dispatched
from tests.support.packs import WAVEFORMS, densities, outer
from tests.support.trainings import DENOISING, DIGITS, PHI, task
from workers.training.fusion import FusedForward
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.held import HeldObjective
from workers.training.preparation import Prepared, endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

MOSAICS = {"kind": "multilabel", "dataset": "mosaics"}
CLIPPED_ADAM = {"optimizer": "adam", "clip_norm": 0.1}
# They hand out other views of the same values and compute nothing.
VIEWS = {"detach", "expand", "select", "slice", "squeeze", "t", "transpose", "unbind", "view"}
# Calls that read a tensor's values on the host: each waits for all that a GPU was given before.
READS = {"_local_scalar_dense", "nonzero", "equal", "is_nonzero", "item", "masked_select"}


def taken(of: Sequence[TrainingTask], n_steps: int) -> tuple[FusedForward, list[list[float]]]:
    """Return a pack after some steps, and its candidates' losses."""
    candidates = [prepare(own) for own in of]
    forward, batches = FusedForward(candidates, "float32"), endless_batches(candidates[0], of[0])
    losses = [
        step(forward, inputs, targets, number).tolist()
        for number, (inputs, targets) in zip(count(1), islice(batches, n_steps), strict=False)
    ]
    return forward, [list(own) for own in zip(*losses, strict=True)]


def computed(of: TrainingTask, n: int) -> list[str]:
    """Return the operations of the third step of a pack, views left out."""
    forward, _ = taken([of] * n, 2)
    inputs, targets = next(endless_batches(forward.candidates[0], of))
    with Dispatched() as dispatched:
        step(forward, inputs, targets, 3)
    return [call.name for call in dispatched.calls if call.name not in VIEWS]


@pytest.mark.parametrize(
    "of",
    [
        task(DIGITS, training={"batch_size": 16}),
        task(DIGITS, training={"batch_size": 16, "label_smoothing": 0.1, **CLIPPED_ADAM}),
        task({**DENOISING, "patch_px": 8, "n_patches": 64}, training={"batch_size": 4}),
    ],
    ids=["small_cnn", "clipped", "dncnn"],
)
def test_a_step_has_as_many_operations_whatever_the_width_and_waits_for_none(
    of: TrainingTask,
) -> None:
    """At most 8 for each candidate of 32 are asked for; before joint steps there were 15 to 23."""
    of_32 = computed(of, 32)
    assert 20 < len(of_32) < 80
    assert len(of_32) <= 8 * 32
    assert computed(of, 8) == of_32
    assert not READS & {*of_32}


def test_losses_one_by_one_leave_a_step_within_the_limit() -> None:
    of_32 = computed(task(MOSAICS, training={"batch_size": 16}), 32)
    assert of_32.count("binary_cross_entropy_with_logits") == 32
    assert len(of_32) <= 8 * 32


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


@pytest.mark.parametrize("section", [DIGITS, MOSAICS])
def test_a_pack_is_judged_as_its_networks_are(section: dict[str, Any]) -> None:
    forward, _ = taken([task(section, phi=phi) for phi in densities(3)], 3)
    judged = forward.judge(64)
    assert judged is not None
    assert len({repr(own) for own in judged}) == 3
    for own, found in zip(forward.candidates, judged, strict=True):
        alone = own.objective.evaluate(own.network.eval(), "validation", thorough=False)
        assert found == pytest.approx(alone, rel=1e-4, abs=0.006)
        assert found["loss"] == pytest.approx(alone["loss"], rel=1e-5)
    assert forward._network.training


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
