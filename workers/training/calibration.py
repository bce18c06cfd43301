"""Measures a training's cost: times some of its steps and evaluations on its device."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch

from workers.training.devices import device_name
from workers.training.forward import Forward, PlainForward, Precision
from workers.training.fusion import FusedForward
from workers.training.machine import prepare_machine
from workers.training.memory import MemoryPeak
from workers.training.packs import is_fusible, is_out_of_memory
from workers.training.precision import precision_of
from workers.training.preparation import Prepared, endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

# A pack is used if it takes at most this part of the time: less is within the measurement error.
WORTHWHILE = 0.95
_FEWEST_ROUNDS, _MOST_ROUNDS = 3, 25
_ENOUGH_S = 4.0


@dataclass(frozen=True)
class MeasuredCost:
    """Measured cost of one training on one device; seconds are wall time.

    Attributes:
        device: Name of the device, for people.
        precision: Precision of the forward and backward pass: "float32", "tf32" or "bfloat16".
        load_s: Additional time of a worker's first training, for imports and loading data; about 0
            on a worker that has trained before.
        start_s: Preparation of the training, on a worker that has loaded the data.
        n_steps: Steps of an epoch.
        step_s: Lower quartile, median and upper quartile of a step, its batch included.
        judge_s: The evaluation after an epoch.
        final_s: Additional time of the final evaluation with all metrics.
        test_s: The evaluation of the test split: that of the validation split, scaled by size.
        epoch_s: Lower quartile, median and upper quartile of an epoch: its steps, all as slow as
            that quartile, and the judgement.
        peak_memory_bytes: Of the training alone, see `workers.training.memory`.
        pack_epoch_s: By width, the seconds per epoch and candidate; those that fit no memory are
            left out.
        pack_width: The best of these widths; 1 unless another is at least 5 % faster.
    """

    device: str
    precision: Precision
    load_s: float
    start_s: float
    n_steps: int
    step_s: tuple[float, float, float]
    judge_s: float
    final_s: float
    test_s: float
    epoch_s: tuple[float, float, float]
    peak_memory_bytes: int
    pack_epoch_s: dict[int, float]
    pack_width: int


def calibrate(task: TrainingTask, widths: Sequence[int] = (1,)) -> MeasuredCost:
    """Time some steps of a training, alone and in packs of these widths, and its evaluations.

    The steps of all widths alternate, so that other load on the machine affects all alike.

    Args:
        task: The training; its density does not affect the cost.
        widths: At least 1; the training alone is timed in any case.

    Raises:
        ValueError: As `workers.training.loop.train`.
    """
    prepare_machine(task.threads)
    device = torch.device(task.device)
    peak = MemoryPeak(device)
    begun = time.perf_counter()
    prepare(task)  # a worker loads data once, and keeps them
    start = time.perf_counter()
    parts = prepare(task)
    start_s = time.perf_counter() - start
    precision = precision_of(task)
    alone = _Steps(task, PlainForward([parts], precision))
    alone.take()
    judge_s, final_s, test_s = _judgements(task, parts)
    # The rest: modules and data that were loaded here for the first time.
    load_s = time.perf_counter() - begun - start_s - judge_s - final_s
    peak_bytes = peak.bytes()
    steps = {1: alone} | (dict(_packs(task, widths, precision)) if is_fusible(task) else {})
    times = _timed(steps)
    n_batches = parts.objective.n_batches(task.settings.batch_size)
    n_steps = task.settings.epoch_steps(n_batches)
    low, middle, high = (float(q) for q in np.quantile(times[1], [0.25, 0.5, 0.75]))
    pack_epoch_s = {
        width: float(np.median(taken)) * n_steps / width + _judged(steps[width], width, judge_s)
        for width, taken in times.items()
    }
    return MeasuredCost(
        device=device_name(device),
        precision=precision,
        load_s=load_s,
        start_s=start_s,
        n_steps=n_steps,
        step_s=(low, middle, high),
        judge_s=judge_s,
        final_s=final_s,
        test_s=test_s,
        epoch_s=(low * n_steps + judge_s, middle * n_steps + judge_s, high * n_steps + judge_s),
        peak_memory_bytes=peak_bytes,
        pack_epoch_s=pack_epoch_s,
        pack_width=best_width(pack_epoch_s),
    )


def best_width(pack_epoch_s: Mapping[int, float]) -> int:
    """Return the width with the least seconds per candidate; 1 if the gain is below 5 %."""
    best = min(pack_epoch_s, key=lambda width: (pack_epoch_s[width], width))
    return best if pack_epoch_s[best] <= WORTHWHILE * pack_epoch_s[1] else 1


class _Steps:
    """Steps of candidates through as many epochs as are asked for."""

    def __init__(self, task: TrainingTask, forward: Forward) -> None:
        self._forward = forward
        self._batch_size = task.settings.batch_size
        self._batches = endless_batches(forward.candidates[0], task)
        self._numbers = count(1)

    def judge_s(self) -> float | None:
        """Return the seconds of the judgement of all at once, None where each has its own."""
        batch_size = self._batch_size
        self._forward.judge(batch_size)
        start = time.perf_counter()
        judged = self._forward.judge(batch_size)
        return None if judged is None else time.perf_counter() - start

    def take(self) -> float:
        """Take one step and return its seconds, its batch and the wait for a GPU included."""
        start = time.perf_counter()
        losses = step(self._forward, *next(self._batches), next(self._numbers))
        float(losses[0])
        return time.perf_counter() - start


def _packs(
    task: TrainingTask, widths: Sequence[int], precision: Precision
) -> Iterator[tuple[int, _Steps]]:
    for width in sorted({*widths} - {1}):
        try:
            candidates = [prepare(task) for _ in range(width)]
            pack = _Steps(task, FusedForward(candidates, precision))
            pack.take()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return  # wider ones fit no better
        yield width, pack


def _judged(steps: _Steps, width: int, alone_s: float) -> float:
    """Return the seconds of a candidate's judgement."""
    together_s = steps.judge_s()
    return alone_s if together_s is None else together_s / width


def _timed(steps: Mapping[int, _Steps]) -> dict[int, list[float]]:
    times: dict[int, list[float]] = {width: [] for width in steps}
    start = time.perf_counter()
    for number in range(_MOST_ROUNDS):
        if number >= _FEWEST_ROUNDS and time.perf_counter() - start > _ENOUGH_S:
            break
        for width, own in steps.items():
            times[width].append(own.take())
    return times


def _judgements(task: TrainingTask, parts: Prepared) -> tuple[float, float, float]:
    network = parts.network.eval()
    parts.objective.evaluate(network, "validation", thorough=False)  # loads what is judged
    parts.objective.evaluate(network, task.split, thorough=True)  # and the modules of metrics
    start = time.perf_counter()
    parts.objective.evaluate(network, "validation", thorough=False)
    judged = time.perf_counter()
    parts.objective.evaluate(network, task.split, thorough=True)
    ended = time.perf_counter()
    network.train()
    judge_s, final_s = judged - start, ended - judged
    if task.split == "test":
        return judge_s, final_s, final_s
    # It replaces the last epoch's. The test split may be too large to be timed.
    return judge_s, max(final_s - judge_s, 0.0), final_s * parts.objective.test_share()
