"""A candidate in training: evaluates its epochs and decides how it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from densearch.nn.operator import fold
from densearch.plugins.objective import Judgement
from service.item_losses import ItemLosses
from workers.training.checkpoint import TrainingProgress
from workers.training.export import folded_weights
from workers.training.forward import Precision
from workers.training.memory import MemoryPeak
from workers.training.preparation import Prepared
from workers.training.sheets import sheet_of
from workers.training.task import Candidate, EpochMeasurement, Outcome, Status, TrainingTask

# An epoch whose mean loss is this many times the first batch's has diverged: the network is far
# worse than untrained. The rule needs a first loss above 0: a plug-in's loss may be negative.
EXPLOSION = 100.0
_VALIDATION = "val_"
_LOSS = f"{_VALIDATION}loss"


@dataclass(eq=False)
class CandidateRun:
    """A candidate in training.

    Attributes:
        index: Its index in the list of candidates.
        candidate: What is trained.
        parts: Its network, optimizer and objective.
        precision: The precision of its forward and backward pass.
        peak: Peak memory.
        total: Sum of the losses of this epoch's samples, scalar in float64, on the device.
        n_samples: Samples of this epoch so far.
        first_loss: The first batch's loss.
        measurements: One after each epoch.
        judged: Metrics of the last epoch if they are the final ones.
        training_s: Seconds so far; its share of steps that several candidates took together.
        outcome: Set when it has ended.
    """

    index: int
    candidate: Candidate
    parts: Prepared
    precision: Precision
    peak: MemoryPeak
    total: Tensor = field(init=False)
    n_samples: int = 0
    first_loss: float | None = None
    measurements: list[EpochMeasurement] = field(default_factory=list)
    judged: dict[str, float] | None = None
    training_s: float = 0.0
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        self.begin_epoch()

    @property
    def task(self) -> TrainingTask:
        """What determines the result."""
        return self.candidate.task

    @property
    def curve(self) -> tuple[float, ...]:
        """The validation loss after each epoch."""
        return tuple(own.metrics[_LOSS] for own in self.measurements)

    @property
    def is_done(self) -> bool:
        """Whether it has completed all of its epochs."""
        return len(self.measurements) == self.task.settings.epochs

    def begin_epoch(self, *, is_continued: bool = False) -> None:
        """Put the network in train mode and reset the losses.

        Args:
            is_continued: Whether to keep the losses, which are of this epoch's first batches.
        """
        if not is_continued:
            self.total = torch.zeros((), dtype=torch.float64, device=self.task.device)
            self.n_samples = 0
        self.parts.network.train()

    def end_epoch(self, judged: Mapping[str, float] | None = None) -> dict[str, float] | None:
        """Return the epoch's metrics, or None if it has diverged, which ends the run.

        Args:
            judged: See `validated`.
        """
        mean = float(self.total) / self.n_samples
        if not math.isfinite(mean) or 0.0 < (self.first_loss or 0.0) < mean / EXPLOSION:
            self.end(Status.DIVERGED)
            return None
        found = self.validated(judged)
        if not (weights_are_finite(self.parts.network) and math.isfinite(found[_LOSS])):
            self.end(Status.DIVERGED)
            return None
        return {"train_loss": mean * self.parts.objective.loss_unit, **found}

    def validated(self, judged: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return the metrics of the validation split.

        Args:
            judged: Metrics that the pack has evaluated, if any. They are not used if this
                evaluation `decides`: that evaluates the plain network which is exported.
        """
        if self.decides or judged is None:
            network = self.parts.network.eval()
            judged = self.parts.objective.evaluate(network, "validation", thorough=self.decides)
        if self.decides:
            self.judged = dict(judged)
        return {f"{_VALIDATION}{name}": value for name, value in judged.items()}

    @property
    def decides(self) -> bool:
        """Whether the epoch's evaluation is also the final one, which is not computed twice."""
        is_last = len(self.measurements) + 1 == self.task.settings.epochs
        return is_last and self.task.split == "validation"

    def measure(self, metrics: dict[str, float], elapsed_s: float) -> EpochMeasurement:
        """Record the metrics of a completed epoch."""
        self.measurements.append(EpochMeasurement(len(self.measurements) + 1, metrics, elapsed_s))
        return self.measurements[-1]

    def measured_before(
        self, progress: TrainingProgress, judge: Callable[[], Mapping[str, float] | None]
    ) -> Iterator[tuple[dict[str, float], float]]:
        """Yield the epochs of the checkpoint that it continues from, as arguments of `measure`.

        The last epoch of a shorter training was evaluated with the slow metrics, and is evaluated
        again.

        Args:
            progress: The checkpoint's.
            judge: Returns the argument of `validated`.
        """
        n_epochs = len(progress.measurements)
        for epoch, (metrics, elapsed_s) in enumerate(progress.measurements, start=1):
            is_same = epoch < n_epochs or progress.n_batches > 0
            if is_same or progress.is_thorough == self.decides:
                yield metrics, elapsed_s
            else:
                yield {"train_loss": metrics["train_loss"], **self.validated(judge())}, elapsed_s

    def stop_if_due(self, metrics: dict[str, float]) -> None:
        """End the run if this epoch's loss is above its limit, or if this is the rung."""
        limits, epoch = self.candidate.stop_above, len(self.measurements)
        if epoch <= len(limits) and metrics[_LOSS] > limits[epoch - 1]:
            self.end(Status.PRUNED, _of_validation(metrics))
        elif epoch == self.candidate.rung:
            self.end(Status.AT_RUNG, _of_validation(metrics))

    def judge(self) -> None:
        """End with all metrics of the folded network on the task's split.

        Folding changes no bit of them: tests/integration/workers/training/loop_test.py checks it.
        """
        network = fold(self.parts.network.eval())
        items = sheet = None
        if self.judged is not None:
            metrics = self.judged
        else:
            judgement = self.parts.objective.judge(network, self.task.split)
            metrics = dict(judgement.metrics)
            items = items_of(judgement) if self.task.split == "test" else None
        if not math.isfinite(metrics["loss"]):
            self.end(Status.DIVERGED)
            return
        weights = self._exported(network) if self.task.keep_weights else None
        if weights is not None and self.task.split == "test":
            sheet = sheet_of(self.parts.objective, network)
        self.end(Status.COMPLETED, metrics, weights, items, sheet)

    def _exported(self, network: nn.Module) -> bytes:
        objective = self.parts.objective
        return folded_weights(network, self.task.network, objective.shape, objective.n_outputs)

    def end(
        self,
        status: Status,
        metrics: dict[str, float] | None = None,
        weights: bytes | None = None,
        items: ItemLosses | None = None,
        sheet: bytes | None = None,
    ) -> None:
        """Set the outcome."""
        value = metrics["loss"] if metrics else None
        learned = self.parts.learned
        self.outcome = Outcome(
            status=status,
            value=value,
            metrics=metrics or {},
            training_s=self.training_s,
            curve=self.curve,
            learned=None if value is None or learned is None else learned.values(),
            weights=weights,
            items=items,
            sheet=sheet,
            precision=self.precision,
            peak_memory_bytes=self.peak.bytes(),
        )


def items_of(judgement: Judgement) -> ItemLosses | None:
    """Return the losses of a judgement's items as they are kept; None where it has none."""
    losses, groups = judgement.item_losses, judgement.groups
    if losses is None:
        return None
    return ItemLosses.of(losses.cpu().numpy(), None if groups is None else groups.cpu().numpy())


def _of_validation(metrics: dict[str, float]) -> dict[str, float]:
    return {
        name.removeprefix(_VALIDATION): value
        for name, value in metrics.items()
        if name.startswith(_VALIDATION)
    }


def weights_are_finite(network: nn.Module) -> bool:
    """Whether all of a network's parameters and buffers are finite."""
    are_finite = [torch.isfinite(tensor).all() for tensor in network.state_dict().values()]
    return bool(torch.stack(are_finite).all())  # one wait for a GPU
