"""Rules of a spec's training: what a kind of task, its images and its epochs allow."""

from __future__ import annotations

from collections.abc import Iterator

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import OwnTask
from service.errors import Fault
from service.spec import JobSpec
from service.studies.ranges import largest
from service.studies.training_payload import epochs_in
from service.tasks.families import LEAST_PATCH_PX, DataTask, LabelledTask, PatchTask
from service.tasks.function import FunctionTask
from service.tasks.registry import TASKS
from service.tasks.sections import Task, data_of, is_stored, n_samples_of, sample_px
from service.training_section import Training

_MOVED = "/training/augmentation/crop_padding_px"


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the training of a spec whose sections are filled."""
    if spec.training is None:
        return
    yield from _warmup_faults(spec.training)
    if spec.training.steps is not None:
        yield from _steps_faults(spec, spec.training, spec.training.steps)
    if spec.training.drop_last:
        yield from _batch_faults(spec)
    if isinstance(spec.task, PatchTask):
        yield from _patch_faults(spec.task, spec.training)
    elif isinstance(spec.task, LabelledTask):
        yield from _size_faults(spec.task, spec.training)
    is_smoothed = spec.training.label_smoothing > 0
    if is_smoothed and not _has_classes(spec.task):
        reason = f"{spec.task.kind} has no classes to spread a label over: leave it out"
        yield Fault("/training/label_smoothing", reason)


def _has_classes(task: Task) -> bool:
    return isinstance(task, DataTask) and TASKS[task.kind].has_classes


def _batch_faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield where no batch would be left of an epoch."""
    if isinstance(spec.task, FunctionTask):
        return
    if isinstance(spec.task, OwnTask):
        reason = f"{spec.task.kind} draws its batches itself, and may end with a smaller one"
        yield Fault("/training/drop_last", f"{reason}: leave it out")
        return
    n_samples, most = n_samples_of(spec.task), largest(spec, "batch_size")
    if n_samples is not None and most > n_samples:
        at = "/search/batch_size" if "batch_size" in spec.search else "/training/batch_size"
        yield Fault(
            at,
            f"an epoch has {n_samples} samples: with training.drop_last no batch of {most} "
            f"would be left of it; use at most {n_samples}",
        )


def _patch_faults(task: PatchTask, training: Training) -> Iterator[Fault]:
    if training.augmentation.crop_padding_px > 0:
        yield Fault(_MOVED, "patches lie in random places already: leave it out")
    info = data_of(task)
    if info is not None and info.size_px is not None and task.patch_px > info.size_px:
        yield Fault("/task/patch_px", _too_small(task, info, info.size_px))


def _too_small(task: PatchTask, info: DataInfo, side: int) -> str:
    """Say which samples are smaller than a patch; those of every split are held to it."""
    least = info.least_px or {}
    splits = [split for split, px in least.items() if px < task.patch_px]
    where = f" in its {' and '.join(splits)} split{'s'[: len(splits) > 1]}" if splits else ""
    remedies = [f"use at most {side}"] if side >= LEAST_PATCH_PX else []
    if is_stored(task):
        wanted = task.patch_px if remedies else LEAST_PATCH_PX
        remedies.append(f"store the set without samples below {wanted} px")
    remedy = ", or ".join(remedies) or "use a set of larger samples"
    smallest = f"the smallest is {side} px wide"
    return f"{task.dataset} has samples smaller than a patch{where}: {smallest}; {remedy}"


def _size_faults(task: LabelledTask, training: Training) -> Iterator[Fault]:
    info, side = data_of(task), sample_px(task)
    if info is not None:
        yield from _square_faults(task, info)
    moved_px = training.augmentation.crop_padding_px
    if task.size_px is not None and moved_px > 0:
        yield Fault(_MOVED, "what is cut out lies in random places already: leave it out")
    elif side is not None and moved_px >= side:
        yield Fault(_MOVED, f"{task.dataset} are {side} px wide: use at most {side - 1}")


def _square_faults(task: LabelledTask, info: DataInfo) -> Iterator[Fault]:
    """Images that are stored as they came are trained on at a side that the task gives."""
    if info.is_encoded:
        if task.size_px is None:
            yield Fault(
                "/task/size_px",
                f"the images of {task.dataset} are stored as they came: give the side to train "
                "at, such as 64",
            )
        return
    if task.size_px is not None:
        reason = f"the samples of {task.dataset} have the size that they were stored in"
        remedy = "store the images with storage=encoded" if is_stored(task) else "leave it out"
        yield Fault("/task/size_px", f"{reason}: {remedy}")
    if not info.is_uniform:
        yield Fault(
            "/task/dataset",
            f"the samples of {task.dataset} differ in size: a {task.kind} needs one size, so "
            "store them again, and images are stored as they came",
        )


def _steps_faults(spec: JobSpec, training: Training, steps: int) -> Iterator[Fault]:
    """Refuse a second length of a training, and steps where nobody can count them."""
    if training.epochs != epochs_in(steps):  # else it is what the server filled in
        reason = f"training.steps ends a training after {steps} steps"
        yield Fault("/training/epochs", f"{reason}: leave epochs out, or steps")
    if "epochs" in spec.search:
        reason = "training.steps is the length of every training"
        yield Fault("/search/epochs", f"{reason}: leave epochs out, or steps")
    if isinstance(spec.task, OwnTask):
        reason = f"{spec.task.kind} draws its batches itself, epoch by epoch"
        yield Fault("/training/steps", f"{reason}: give epochs instead")


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
