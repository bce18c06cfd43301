"""Forward passes and steps: what one would make a host wait for on a GPU, counted on a CPU."""

from __future__ import annotations

from itertools import count, islice

import pytest
import torch

from tests.support.dispatched import Dispatched
from tests.support.trainings import DENOISING, DIGITS, task
from workers.training.forward import PlainForward
from workers.training.preparation import endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

BLURRED = {
    "kind": "image_to_image", "dataset": "blurred_photos", "patch_px": 16, "n_patches": 64,
}  # fmt: skip
DNCNN = {"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 3}
# Calls that read a tensor's values on the host: each waits for all that a GPU was given before.
READS = {"_local_scalar_dense", "nonzero", "equal", "is_nonzero", "item", "masked_select"}


def reads_in(dispatched: Dispatched) -> list[str]:
    return [call.name for call in dispatched.calls if call.name in READS]


def test_a_read_is_counted() -> None:
    with Dispatched() as dispatched:
        float(torch.zeros(()) + 1)
    assert reads_in(dispatched) == ["_local_scalar_dense"]


@pytest.mark.parametrize(
    "of",
    [
        task(DIGITS, training={"batch_size": 8, "nesterov": True, "schedule": "cosine"}),
        task(
            DIGITS,
            training={
                "batch_size": 8,
                "augmentation": {"flip": True, "crop_padding_px": 1},
                "label_smoothing": 0.1,
                "clip_norm": 1.0,
                "precision": "bfloat16",
            },
        ),
        task(DENOISING, training={"batch_size": 8, "schedule": "one_cycle", "clip_norm": 1.0}),
        task(BLURRED, network=DNCNN, training={"batch_size": 8, "optimizer": "adamw"}),
    ],
    ids=["classification", "augmented", "denoising", "restoration"],
)
def test_a_step_and_its_batch_read_nothing_back(of: TrainingTask) -> None:
    parts = prepare(of)
    forward = PlainForward([parts], "float32")
    batches, numbers = endless_batches(parts, of), count(1)
    step(forward, *next(batches), next(numbers))  # what is made at the first step
    with Dispatched() as dispatched:
        for inputs, targets in islice(batches, 3):
            step(forward, inputs, targets, next(numbers))
    assert len(dispatched.calls) > 30
    assert reads_in(dispatched) == []
