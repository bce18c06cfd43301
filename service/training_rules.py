"""Rules of a spec's training: what a kind of task, its images and its epochs allow."""

from __future__ import annotations

from collections.abc import Iterator

from service.errors import Fault
from service.spec import JobSpec, Training
from service.tasks import ClassificationTask, DenoisingTask, sample_px


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the training of a spec whose sections are filled."""
    if spec.training is None:
        return
    yield from _warmup_faults(spec.training)
    moved_px = spec.training.augmentation.crop_padding_px
    at = "/training/augmentation/crop_padding_px"
    if isinstance(spec.task, DenoisingTask):
        if spec.training.label_smoothing > 0:
            yield Fault("/training/label_smoothing", "denoising has no labels: leave it out")
        if moved_px > 0:
            yield Fault(at, "patches lie in random places already: leave it out")
    elif isinstance(spec.task, ClassificationTask):
        side = sample_px(spec.task)
        if side is not None and moved_px >= side:
            yield Fault(at, f"{spec.task.dataset} are {side} px wide: use at most {side - 1}")


def _warmup_faults(training: Training) -> Iterator[Fault]:
    if training.warmup_epochs == 0:
        return
    if training.schedule == "one_cycle":
        yield Fault("/training/warmup_epochs", "one_cycle warms up by itself: leave it out")
    elif training.warmup_epochs >= training.epochs:
        yield Fault(
            "/training/warmup_epochs",
            f"a training of {training.epochs} epochs would end before its warm-up: "
            f"use at most {training.epochs - 1}",
        )
