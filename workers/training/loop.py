"""The training loop: one network, one density, one seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from workers.training.export import folded_weights
from workers.training.machine import prepare_machine
from workers.training.networks import build_network
from workers.training.objectives import Objective, build_objective
from workers.training.operator import apply_density, fold
from workers.training.optimizers import build_optimizer
from workers.training.streams import Streams, streams_of
from workers.training.task import Measurement, NestedDensity, Outcome, Status, TrainingTask

# An epoch whose mean loss is this many times the first batch's has diverged: the network is worse
# than untrained by far, and only rounding separates it from inf.
EXPLOSION = 100.0
# Reading a loss back from a GPU waits for it: look rarely enough not to starve the device.
_STEPS_BETWEEN_LOOKS_ON_GPU = 16


@dataclass
class _Run:
    """A training in progress."""

    task: TrainingTask
    objective: Objective
    network: nn.Module
    optimizer: torch.optim.Optimizer
    streams: Streams
    should_stop: Callable[[], bool]
    first_loss: float | None = None


class _EndedEarly(Exception):  # noqa: N818 - a signal to `train`, no error
    """Carries the status of a training that ends before its last epoch."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.value)
        self.status = status


def train(
    task: TrainingTask, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[Measurement | Outcome]:
    """Train a network and judge it.

    For given versions and kind of device the values are bitwise a function of the task; the times
    are not. The process is set up for training (`prepare_machine`) by the first call.

    Args:
        task: All that determines the result.
        should_stop: Looked at before every step; True ends the training as CANCELLED.

    Yields:
        A `Measurement` after each epoch, then one `Outcome`. A training whose loss or weights
        become NaN or inf, or whose loss explodes, ends at once with status DIVERGED.

    Raises:
        ValueError: A section names something unknown, or the density fits no layer (DensityError).
    """
    prepare_machine()
    run = _start(task, should_stop)
    start = time.perf_counter()
    try:
        for epoch in range(1, int(task.training["epochs"]) + 1):
            metrics = _run_epoch(run)
            yield Measurement(epoch, metrics, time.perf_counter() - start)
    except _EndedEarly as end:
        yield Outcome(end.status, None, training_s=time.perf_counter() - start)
        return
    yield _judge(run, time.perf_counter() - start)


def _start(task: TrainingTask, should_stop: Callable[[], bool]) -> _Run:
    device = torch.device(task.device)
    streams = streams_of(task.seed, device)
    objective = build_objective(task.task, device)
    network = build_network(task.network, objective.shape, objective.n_outputs, streams.weights)
    if not _is_plain(task.phi):
        apply_density(network, task.phi or ())
    # Convolutions of few channels run up to 1.5 times faster with channels innermost.
    network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = build_optimizer(task.training, network.parameters())
    return _Run(task, objective, network, optimizer, streams, should_stop)


def _is_plain(phi: NestedDensity | None) -> bool:
    return phi is None or bool(np.all(np.asarray(phi) == 1.0))


def _run_epoch(run: _Run) -> dict[str, float]:
    train_loss = _descend(run) * run.objective.loss_unit
    run.network.eval()
    validation = run.objective.evaluate(run.network, "validation", thorough=False)
    if not (_weights_are_finite(run.network) and math.isfinite(validation["loss"])):
        raise _EndedEarly(Status.DIVERGED)
    return {"train_loss": train_loss, **{f"val_{name}": v for name, v in validation.items()}}


def _descend(run: _Run) -> float:
    """Take the steps of one epoch and return the mean training loss per sample."""
    run.network.train()
    total, n_samples = torch.zeros((), dtype=torch.float64, device=run.task.device), 0
    looks = 1 if total.device.type == "cpu" else _STEPS_BETWEEN_LOOKS_ON_GPU
    batches = run.objective.batches(int(run.task.training["batch_size"]), run.streams)
    for step, (inputs, targets) in enumerate(batches):
        if run.should_stop():
            raise _EndedEarly(Status.CANCELLED)
        loss = _step(run, inputs, targets)
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


def _step(run: _Run, inputs: Tensor, targets: Tensor) -> Tensor:
    run.optimizer.zero_grad(set_to_none=True)
    outputs = run.network(inputs.contiguous(memory_format=torch.channels_last))
    loss = run.objective.loss(outputs, targets)
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimizer.step()
    return loss.detach()


def _weights_are_finite(network: nn.Module) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in network.state_dict().values())


def _judge(run: _Run, training_s: float) -> Outcome:
    network = fold(run.network)
    metrics = run.objective.evaluate(network, run.task.split, thorough=True)
    if not math.isfinite(metrics["loss"]):
        return Outcome(Status.DIVERGED, None, training_s=training_s)
    weights = folded_weights(network) if run.task.keep_weights else None
    return Outcome(Status.COMPLETED, metrics["loss"], metrics, training_s, weights)
