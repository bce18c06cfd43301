"""The training loop: candidates trained on the same batches, one alone or a pack of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import torch
from torch import nn

from workers.training.judging import Run
from workers.training.machine import prepare_machine
from workers.training.memory import MemoryPeak, give_back
from workers.training.objectives.base import Batch
from workers.training.passes import Passes, PlainPasses, Precision
from workers.training.precision import precision_of
from workers.training.preparation import prepare
from workers.training.stepping import step
from workers.training.task import Candidate, Measurement, Outcome, Status, TrainingTask

# Reading a loss back from a GPU waits for it: look rarely enough not to starve the device.
_STEPS_BETWEEN_LOOKS_ON_GPU = 16

# What a training tells: a measurement after each epoch, its outcome at last.
Item = Measurement | Outcome
# Builds the passes of networks that are on their device, in train mode.
PassesOf = Callable[[Sequence[nn.Module], Precision], Passes]


def train(
    task: TrainingTask,
    should_stop: Callable[[], bool] = lambda: False,
    stop_above: Sequence[float] = (),
) -> Iterator[Item]:
    """Train a network and judge it.

    For given versions and kind of device the values are bitwise a function of the task; the times
    and the memory are not. Neither argument beside the task changes a value that is measured
    before the end. The process is set up for training (`prepare_machine`) by the first call.

    Args:
        task: All that determines the result.
        should_stop: Looked at before every step; True ends the training as CANCELLED.
        stop_above: For each epoch, from the first, the validation loss above which the training
            is hopeless: it ends as PRUNED after that epoch, unless it is the last one.

    Yields:
        A `Measurement` after each epoch, then one `Outcome`. A training whose loss or weights
        become NaN or inf, or whose loss explodes, ends at once with status DIVERGED.

    Raises:
        ValueError: A section names something unknown, or the density fits no layer (DensityError);
            or `stop_above` is given for a training judged on the test split, whose value has
            nothing to be compared with before its end.
    """
    prepare_machine()
    candidate = Candidate(task, should_stop, tuple(stop_above))
    try:
        for _, item in train_together([candidate], PlainPasses, precision_of(task)):
            yield item
    finally:
        give_back(torch.device(task.device))


def train_together(
    candidates: Sequence[Candidate], passes_of: PassesOf, precision: Precision
) -> Iterator[tuple[int, Item]]:
    """Train candidates on the same batches, each with its own weights, density and optimizer.

    Args:
        candidates: Their tasks share data, network, device, seed, batch size, augmentation and
            label smoothing; they are told apart by density and settings of their optimizers.
        passes_of: Builds the passes of those in training, anew whenever one has ended.
        precision: What the passes compute in.

    Yields:
        A candidate's place in the list, with what `train` would tell of it.

    Raises:
        ValueError: As `train`.
    """
    prepare_machine()
    peak = MemoryPeak(torch.device(candidates[0].task.device))
    runs = [
        Run(place, candidate, prepare(candidate.task), precision, peak)
        for place, candidate in enumerate(map(_checked, candidates))
    ]
    # Its streams go on when its own training has ended.
    lead, start, numbers = runs[0], time.perf_counter(), count(1)
    while runs:
        ended = _descend(runs, _batches(lead), passes_of, numbers)
        yield from _outcomes(ended)
        for run in [run for run in runs if run.outcome is None]:
            metrics = _end_epoch(run)
            if metrics is not None:
                yield run.place, Measurement(len(run.curve), metrics, time.perf_counter() - start)
                _end_if_due(run, metrics)
            yield from _outcomes([run])
        runs = [run for run in runs if run.outcome is None]


def _checked(candidate: Candidate) -> Candidate:
    if candidate.stop_above and candidate.task.split != "validation":
        raise ValueError("only a training that is judged on the validation split can be pruned")
    return candidate


def _outcomes(runs: Sequence[Run]) -> Iterator[tuple[int, Outcome]]:
    for run in runs:
        if run.outcome is not None:
            # It may have ended before the epoch's time was known.
            yield run.place, replace(run.outcome, training_s=run.training_s)


def _descend(
    runs: Sequence[Run], batches: Iterator[Batch], passes_of: PassesOf, numbers: Iterator[int]
) -> list[Run]:
    """Take the steps of one epoch; return the runs that ended in it."""
    start = time.perf_counter()
    for run in runs:
        run.begin_epoch()
    going, passes = list(runs), None
    for number, (inputs, targets) in enumerate(batches):
        left = _left(going)
        if not left:
            break
        if len(left) < len(going):
            going, passes = left, None
        if passes is None:
            passes = passes_of([run.parts.network for run in going], going[0].precision)
        losses = step(passes, [run.parts for run in going], inputs, targets, next(numbers))
        is_looked_at = inputs.device.type == "cpu" or number % _STEPS_BETWEEN_LOOKS_ON_GPU == 0
        for run, loss in zip(going, losses, strict=True):
            run.add(loss, len(targets), is_looked_at=is_looked_at)
    device = torch.device(runs[0].task.device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # or the first to be judged would have the wait as its own
    taken_s = time.perf_counter() - start
    for run in runs:
        run.training_s += taken_s / len(runs)
    return [run for run in runs if run.outcome is not None]


def _left(runs: Sequence[Run]) -> list[Run]:
    """Return the runs that go on, after asking those that have not ended whether to stop."""
    going = [run for run in runs if run.outcome is None]
    for run in going:
        if run.candidate.should_stop():
            run.end(Status.CANCELLED)
    return [run for run in going if run.outcome is None]


def _batches(run: Run) -> Iterator[Batch]:
    batch_size = int(run.task.training["batch_size"])
    return run.parts.objective.batches(batch_size, run.parts.streams)


def _end_epoch(run: Run) -> dict[str, float] | None:
    start = time.perf_counter()
    metrics = run.end_epoch()
    run.training_s += time.perf_counter() - start
    return metrics


def _end_if_due(run: Run, metrics: dict[str, float]) -> None:
    if run.is_done:
        run.judge()
    else:
        run.stop_if_hopeless(metrics)
