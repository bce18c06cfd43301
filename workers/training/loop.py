"""The training loop: one network, one density, one seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from workers.training.export import folded_weights
from workers.training.layout import lay_out
from workers.training.machine import prepare_machine
from workers.training.operator import fold
from workers.training.preparation import Prepared, prepare
from workers.training.task import Measurement, Outcome, Status, TrainingTask

# An epoch whose mean loss is this many times the first batch's has diverged: the network is worse
# than untrained by far, and only rounding separates it from inf.
EXPLOSION = 100.0
# Reading a loss back from a GPU waits for it: look rarely enough not to starve the device.
_STEPS_BETWEEN_LOOKS_ON_GPU = 16
_VALIDATION = "val_"


@dataclass
class _Run:
    """A training in progress."""

    task: TrainingTask
    parts: Prepared
    should_stop: Callable[[], bool]
    first_loss: float | None = None
    curve: list[float] = field(default_factory=list)


class _EndedEarly(Exception):  # noqa: N818 - a signal to `train`, no error
    """Carries the end of a training before its last epoch."""

    def __init__(self, status: Status, metrics: dict[str, float] | None = None) -> None:
        super().__init__(status.value)
        self.status = status
        self.metrics = metrics or {}


def train(
    task: TrainingTask,
    should_stop: Callable[[], bool] = lambda: False,
    stop_above: Sequence[float] = (),
) -> Iterator[Measurement | Outcome]:
    """Train a network and judge it.

    For given versions and kind of device the values are bitwise a function of the task; the times
    are not. Neither argument beside the task changes a value that is measured before the end. The
    process is set up for training (`prepare_machine`) by the first call.

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
    if stop_above and task.split != "validation":
        raise ValueError("only a training that is judged on the validation split can be pruned")
    prepare_machine()
    run = _Run(task, prepare(task), should_stop)
    start = time.perf_counter()
    try:
        for epoch in range(1, int(task.training["epochs"]) + 1):
            metrics = _run_epoch(run)
            yield Measurement(epoch, metrics, time.perf_counter() - start)
            _require_hope(run, metrics, stop_above)
    except _EndedEarly as end:
        yield _outcome(run, end.status, end.metrics, time.perf_counter() - start)
        return
    yield _judge(run, time.perf_counter() - start)


def _run_epoch(run: _Run) -> dict[str, float]:
    train_loss = _descend(run) * run.parts.objective.loss_unit
    network = run.parts.network.eval()
    validation = run.parts.objective.evaluate(network, "validation", thorough=False)
    if not (_weights_are_finite(network) and math.isfinite(validation["loss"])):
        raise _EndedEarly(Status.DIVERGED)
    run.curve.append(validation["loss"])
    return {"train_loss": train_loss, **{f"{_VALIDATION}{k}": v for k, v in validation.items()}}


def _descend(run: _Run) -> float:
    """Take the steps of one epoch and return the mean training loss per sample."""
    run.parts.network.train()
    total, n_samples = torch.zeros((), dtype=torch.float64, device=run.task.device), 0
    looks = 1 if total.device.type == "cpu" else _STEPS_BETWEEN_LOOKS_ON_GPU
    batch_size = int(run.task.training["batch_size"])
    batches = run.parts.objective.batches(batch_size, run.parts.streams)
    for step, (inputs, targets) in enumerate(batches):
        if run.should_stop():
            raise _EndedEarly(Status.CANCELLED)
        loss = _step(run.parts, inputs, targets)
        total += loss.double() * len(targets)
        n_samples += len(targets)
        if step % looks == 0 and not math.isfinite(float(total)):
            raise _EndedEarly(Status.DIVERGED)
        if run.first_loss is None:
            run.first_loss = float(loss)
    mean = float(total) / n_samples
    if not mean <= EXPLOSION * (run.first_loss or 0.0):  # also true of NaN
        raise _EndedEarly(Status.DIVERGED)
    return mean


def _step(parts: Prepared, inputs: Tensor, targets: Tensor) -> Tensor:
    parts.optimizer.zero_grad(set_to_none=True)
    outputs = parts.network(lay_out(inputs))
    loss = parts.objective.loss(outputs, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    parts.optimizer.step()
    parts.schedule.step()
    return loss.detach()


def _weights_are_finite(network: nn.Module) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in network.state_dict().values())


def _require_hope(run: _Run, metrics: dict[str, float], stop_above: Sequence[float]) -> None:
    epoch = len(run.curve)
    is_last = epoch == int(run.task.training["epochs"])
    if is_last or epoch > len(stop_above) or not run.curve[-1] > stop_above[epoch - 1]:
        return
    judged = {
        name.removeprefix(_VALIDATION): value
        for name, value in metrics.items()
        if name.startswith(_VALIDATION)
    }
    raise _EndedEarly(Status.PRUNED, judged)


def _judge(run: _Run, training_s: float) -> Outcome:
    network = fold(run.parts.network)
    metrics = run.parts.objective.evaluate(network, run.task.split, thorough=True)
    if not math.isfinite(metrics["loss"]):
        return _outcome(run, Status.DIVERGED, {}, training_s)
    weights = folded_weights(network) if run.task.keep_weights else None
    return _outcome(run, Status.COMPLETED, metrics, training_s, weights)


def _outcome(
    run: _Run,
    status: Status,
    metrics: dict[str, float],
    training_s: float,
    weights: bytes | None = None,
) -> Outcome:
    value = metrics.get("loss")
    learned = None if value is None or run.parts.learned is None else run.parts.learned.values()
    return Outcome(status, value, metrics, training_s, tuple(run.curve), learned, weights)
