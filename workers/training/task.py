"""A training's task and results: plain values that are sent between processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from service.item_losses import ItemLosses
from service.records import TrialResult
from service.studies.training_payload import TrainingPayload

if TYPE_CHECKING:
    from workers.training.checkpoint_file import StoredCheckpoint
    from workers.training.checkpoint_store import CheckpointStore

# What a gradient training has learned: {"groups": {name: [...]}}.
Learned = dict[str, Any]


class Status(StrEnum):
    """How a training ended."""

    COMPLETED = "completed"
    PRUNED = "pruned"
    AT_RUNG = "at_rung"
    DIVERGED = "diverged"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class TrainingTask(TrainingPayload):
    """Everything that determines one training's result: a payload, and where it is trained.

    Attributes:
        device: A torch device, such as "cpu" or "cuda".
        keep_weights: Whether the outcome carries the folded network.
        data_dir: Where the stored data sets lie, for a task that names one.
    """

    device: str = "cpu"
    keep_weights: bool = False
    data_dir: str | None = None

    @classmethod
    def of(
        cls,
        payload: TrainingPayload,
        device: str,
        data_dir: str | None = None,
        *,
        keep_weights: bool = False,
    ) -> TrainingTask:
        """Return the task of a payload on a device."""
        kept = {own.name: getattr(payload, own.name) for own in fields(TrainingPayload)}
        return cls(**kept, device=device, data_dir=data_dir, keep_weights=keep_weights)


def never() -> bool:
    """Return False: a training that is never stopped."""
    return False


@dataclass(frozen=True)
class Candidate:
    """A training that may be part of a pack, see `workers.training.loop.train`.

    Attributes:
        task: All that determines its result.
        should_stop: Looked at before every step.
        stop_above: For each epoch the validation loss above which it is pruned.
        store: Where its checkpoints are kept; None keeps none.
        found: The checkpoint to continue from, if any.
        rung: The epoch after which it ends as AT_RUNG, unless it is the last one.
    """

    task: TrainingTask
    should_stop: Callable[[], bool] = never
    stop_above: tuple[float, ...] = ()
    store: CheckpointStore | None = None
    found: StoredCheckpoint | None = None
    rung: int | None = None


@dataclass(frozen=True)
class EpochMeasurement:
    """Metrics after one epoch.

    Attributes:
        epoch: 1 after the first epoch.
        metrics: `train_loss`, `val_loss` and the task's own, such as `val_psnr_db`.
        elapsed_s: Seconds of training so far, validation included, loading of data not.
    """

    epoch: int
    metrics: dict[str, float]
    elapsed_s: float


@dataclass(frozen=True, kw_only=True)
class Outcome(TrialResult):
    """The end of a training.

    Attributes:
        status: How it ended.
        value: The objective, finite, minimised: of the task's split when completed, of the last
            epoch's validation when pruned or at a rung, None otherwise.
        metrics: `loss` (equal to value) and the task's own, the slow ones only when completed;
            empty where there is no value.
        learned: None also where there is no value.
        weights: The folded network as safetensors, where asked for and completed.
        items: The losses of the items of the test split, where it was judged and they are known.
        sheet: What the network makes of a few test samples, see `service.sample_sheets`; None
            without `weights`, and where the task has none.
        precision: Precision of the forward and backward pass: "float32", "tf32" or "bfloat16".
    """

    status: Status
    value: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    training_s: float = 0.0
    curve: tuple[float, ...] = ()
    weights: bytes | None = None
    items: ItemLosses | None = None
    sheet: bytes | None = None
    precision: str = "float32"
    peak_memory_bytes: int = 0
