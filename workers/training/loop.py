"""The training loop of one candidate, or of a pack that shares its batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from service.digest import canonical_json
from workers.training.checkpoint import TrainingProgress
from workers.training.course import Course
from workers.training.forward import Forward, PlainForward, Precision
from workers.training.judging import CandidateRun
from workers.training.machine import prepare_machine
from workers.training.memory import KEPT_MEMORY, MemoryPeak, give_back
from workers.training.precision import precision_of
from workers.training.preparation import Prepared, prepare
from workers.training.stepping import step
from workers.training.task import Candidate, EpochMeasurement, Outcome, Status, TrainingTask
from workers.training.totals import Totals

if TYPE_CHECKING:  # imported only if checkpoints are written: training needs torch and numpy alone
    from workers.training.checkpoint_store import CheckpointStore

# Reading a loss from a GPU waits for it, so losses are read rarely enough to keep it busy.
_STEPS_BETWEEN_LOOKS_ON_GPU = 16

# What a training yields: a measurement after each epoch, then its outcome.
Item = EpochMeasurement | Outcome
# Builds the forward form of candidates.
ForwardOf = Callable[[Sequence[Prepared], Precision], Forward]


def train(
    task: TrainingTask,
    should_stop: Callable[[], bool] = lambda: False,
    stop_above: Sequence[float] = (),
    store: CheckpointStore | None = None,
    *,
    rung: int | None = None,
) -> Iterator[Item]:
    """Train a network and judge it.

    For given versions and kind of device the values are bitwise a function of the task; the times
    and the memory are not. None of the other arguments changes a value that is measured before
    the end. The process is set up for training (`prepare_machine`) by the first call.

    Args:
        task: Everything that determines the result.
        should_stop: Called before every step; True ends the training as CANCELLED.
        stop_above: For each epoch, from the first, the validation loss above which the training
            is pruned: it ends as PRUNED after that epoch, unless it is the last one.
        store: Writes checkpoints, and finds the one that the training continues from, whose
            measurements are yielded again.
        rung: The epoch after which it ends as AT_RUNG, unless it is the last one.

    Yields:
        A `EpochMeasurement` after each epoch, then one `Outcome`. A training whose loss or weights
        become NaN or inf, or whose loss explodes, ends at once with status DIVERGED.

    Raises:
        ValueError: A section names something unknown, or the density fits no layer (DensityError);
            or `stop_above` is given for a training judged on the test split, whose value has
            nothing to be compared with before its end.
    """
    prepare_machine(task.threads)
    precision = precision_of(task)
    found = store.find(precision) if store is not None else None
    candidate = Candidate(task, should_stop, tuple(stop_above), store, found, rung)
    try:
        for _, item in train_together([candidate], PlainForward, precision):
            yield item
    except BaseException:
        # The next training finds the memory as after one that has completed.
        give_back(torch.device(task.device))
        raise


def train_together(
    candidates: Sequence[Candidate], forward_of: ForwardOf, precision: Precision
) -> Iterator[tuple[int, Item]]:
    """Train candidates on the same batches, each with its own weights, density and optimizer.

    Args:
        candidates: Their tasks share data, network, device, seed, batch size, augmentation and
            label smoothing; they differ in density and optimizer settings.
        forward_of: Builds the forward form of those in training, again when one has ended.
        precision: The precision of forward and backward pass.

    Yields:
        A candidate's index in the list, with an item of `train`.

    Raises:
        ValueError: As `train`.
    """
    prepare_machine(candidates[0].task.threads)
    device = torch.device(candidates[0].task.device)
    KEPT_MEMORY.fit(device, _shape_of(candidates, precision))
    peak = MemoryPeak(device)
    runs = [
        CandidateRun(index, candidate, prepare(candidate.task), precision, peak)
        for index, candidate in enumerate(map(_checked, candidates))
    ]
    course = Course(runs)
    for run, progress in zip(runs, course.earlier, strict=True):
        if progress is not None:
            yield from _measured_before(run, progress, course, forward_of)
    runs, built = _going(runs), _Built(forward_of)
    while runs:
        ended = _descend(runs, course, built)
        yield from _outcomes(ended)
        going = _going(runs)
        for run, judged in zip(going, _judge(going, built), strict=True):
            metrics = _end_epoch(run, judged)
            if metrics is not None:
                yield run.index, run.measure(metrics, course.elapsed_s)
                _end_if_due(run, metrics, course)
                course.keep_at_rung(run)
            yield from _outcomes([run])
        runs = _going(runs)


def _shape_of(candidates: Sequence[Candidate], precision: Precision) -> object:
    """Return a key that is equal for trainings whose tensors have the same sizes."""
    task = candidates[0].task
    settings = [task.settings.batch_size, task.settings.optimizer]
    return canonical_json([task.task, task.network, settings, precision, len(candidates)])


class _Built:
    """The forward form of the runs in training, built again when one of them has ended."""

    def __init__(self, forward_of: ForwardOf) -> None:
        self._forward_of = forward_of
        self._runs: list[CandidateRun] = []
        self._forward: Forward | None = None

    def of(self, runs: Sequence[CandidateRun]) -> Forward:
        if self._forward is None or self._runs != [*runs]:
            self._runs = [*runs]
            self._forward = self._forward_of([run.parts for run in runs], runs[0].precision)
        return self._forward


def _measured_before(
    run: CandidateRun, progress: TrainingProgress, course: Course, forward_of: ForwardOf
) -> Iterator[tuple[int, Item]]:
    """Yield the checkpoint's measurements, and apply the limits, which may be newer."""
    for metrics, elapsed_s in run.measured_before(
        progress, lambda: _judge([run], _Built(forward_of))[0]
    ):
        yield run.index, run.measure(metrics, elapsed_s)
        _end_if_due(run, metrics, course)
        if run.outcome is not None:
            yield from _outcomes([run])
            return


def _checked(candidate: Candidate) -> Candidate:
    is_compared = candidate.stop_above or candidate.rung is not None
    if is_compared and candidate.task.split != "validation":
        raise ValueError("only a training that is judged on the validation split can be pruned")
    return candidate


def _outcomes(runs: Sequence[CandidateRun]) -> Iterator[tuple[int, Outcome]]:
    for run in runs:
        if run.outcome is not None:
            # The run may have ended before the epoch's time was added.
            yield run.index, replace(run.outcome, training_s=run.training_s)


def _going(runs: Sequence[CandidateRun]) -> list[CandidateRun]:
    return [run for run in runs if run.outcome is None]


def _descend(runs: Sequence[CandidateRun], course: Course, built: _Built) -> list[CandidateRun]:
    """Take the steps of one epoch, or the rest of them; return the runs that ended in it."""
    start, n_before = time.perf_counter(), course.position.n_batches
    for run in runs:
        run.begin_epoch(is_continued=n_before > 0)
    going = list(runs)
    forward, totals = built.of(going), Totals(going)
    for number, (inputs, targets) in enumerate(course.batches(), start=n_before):
        left = _left(going)
        if not left:
            break
        if len(left) < len(going):
            going = left
            forward, totals = built.of(going), Totals(going)
        losses = step(forward, inputs, targets, course.count_step())
        is_looked_at = inputs.device.type == "cpu" or number % _STEPS_BETWEEN_LOOKS_ON_GPU == 0
        totals.add(losses, len(targets), is_looked_at=is_looked_at)
        if course.is_due(going):
            _share_time(runs, start)
            course.keep(_going(going))
            start = time.perf_counter()
    course.end_epoch()
    _share_time(runs, start)
    return [run for run in runs if run.outcome is not None]


def _share_time(runs: Sequence[CandidateRun], start: float) -> None:
    """Share the time since `start` equally among these runs."""
    device = torch.device(runs[0].task.device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # else the wait would count for the first to be evaluated
    taken_s = time.perf_counter() - start
    for run in runs:
        run.training_s += taken_s / len(runs)


def _left(runs: Sequence[CandidateRun]) -> list[CandidateRun]:
    """Return the runs that continue, after ending those whose `should_stop` is true."""
    for run in _going(runs):
        if run.candidate.should_stop():
            run.end(Status.CANCELLED)
    return _going(runs)


def _judge(runs: Sequence[CandidateRun], built: _Built) -> Sequence[Mapping[str, float] | None]:
    """Return the metrics that a pack evaluates at once; None for runs to be evaluated alone."""
    if all(run.decides for run in runs):
        return [None for _ in runs]
    start = time.perf_counter()
    judged = built.of(runs).judge(runs[0].task.settings.batch_size)
    _share_time(runs, start)
    return judged if judged is not None else [None for _ in runs]


def _end_epoch(run: CandidateRun, judged: Mapping[str, float] | None) -> dict[str, float] | None:
    start = time.perf_counter()
    metrics = run.end_epoch(judged)
    run.training_s += time.perf_counter() - start
    return metrics


def _end_if_due(run: CandidateRun, metrics: dict[str, float], course: Course) -> None:
    if run.is_done:
        course.keep_end(run)
        run.judge()
    else:
        run.stop_if_due(metrics)
