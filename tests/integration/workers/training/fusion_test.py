"""A fused step: as many operations whatever the width, and judged as its networks are."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.support.dispatched import Dispatched
from tests.support.packs import densities, taken
from tests.support.trainings import DENOISING, DIGITS, task
from workers.training.preparation import endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

MOSAICS = {"kind": "multilabel", "dataset": "mosaics"}


CLIPPED_ADAM = {"optimizer": "adam", "clip_norm": 0.1}


# They hand out other views of the same values and compute nothing.
VIEWS = {"detach", "expand", "select", "slice", "squeeze", "t", "transpose", "unbind", "view"}


# Calls that read a tensor's values on the host: each waits for all that a GPU was given before.
READS = {"_local_scalar_dense", "nonzero", "equal", "is_nonzero", "item", "masked_select"}


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


def test_a_pack_trains_as_before_after_it_was_judged() -> None:
    """Batch normalisation goes by the batch again."""
    network = {"kind": "vgg", "depth": 2, "n_stages": 2, "width": 2, "kernel_size": 3}
    of = [
        task(DIGITS, network=network, training={"batch_size": 16, "lr": lr}) for lr in (0.1, 0.2)
    ]
    (judged, _), (other, _) = taken(of, 1), taken(of, 1)
    judged.judge(64)
    batch = next(endless_batches(prepare(of[0]), of[0]))
    assert torch.equal(step(judged, *batch, 2), step(other, *batch, 2))
