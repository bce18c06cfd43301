"""The cost of one training, and the key under which it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from service import samplers
from service.digest import training_digest
from service.records import Json, Trial
from service.states import Phase, TrialState
from service.studies import payloads
from service.studies.resolved import TrainingJob
from service.studies.training_payload import is_packed, trains

# Parts of a payload that do not change the duration of an epoch.
UNTIMED = ("phi", "seed", "split", "packed")
UNTIMED_SETTINGS = (
    "epochs", "schedule", "schedule_epochs", "warmup_epochs", "lr", "weight_decay", "momentum",
    "initialisation",
)  # fmt: skip
# Subsets of one size cost the same.
SUBSET_SEED = "subset_seed"
# Coordinate of the typical point: the middle of the ranges may be the plain convolution.
TYPICAL = 0.4


@dataclass(frozen=True, slots=True)
class TrainingCost:
    """The cost of a training, in seconds of wall time and bytes.

    Attributes:
        start_s: Before its first epoch, on a worker that has loaded the data already.
        epoch_s: Lower quartile, median and upper quartile of an epoch, its judgement included.
        final_s: The judgement after the last epoch.
        n: Whole trainings that were timed; 0 where a few steps were.
        device: The device on which it was timed, for people.
        peak_memory_bytes: None where it is not known.
        pack_epoch_s: By the width of a pack, the seconds per epoch and candidate.
        pack_width: The best of these widths.
        load_s: Additional time of the first training on a worker.
        test_s: The judgement of the test split, with which an evaluation's training ends; 0 where
            it is not known.
    """

    start_s: float
    epoch_s: tuple[float, float, float]
    final_s: float
    n: int
    device: str = "cpu"
    peak_memory_bytes: int | None = None
    pack_epoch_s: Mapping[int, float] = field(default_factory=dict)
    pack_width: int = 1
    load_s: float = 0.0
    test_s: float = 0.0

    def to_json(self) -> Json:
        """Return the JSON in which it is stored."""
        return asdict(self) | {"pack_epoch_s": {str(w): s for w, s in self.pack_epoch_s.items()}}

    @classmethod
    def from_json(cls, stored: Json) -> TrainingCost:
        """Read the JSON of `to_json`."""
        packs = {int(width): seconds for width, seconds in stored["pack_epoch_s"].items()}
        low, middle, high = stored["epoch_s"]
        return cls(**{**stored, "pack_epoch_s": packs, "epoch_s": (low, middle, high)})


def cost_key(payload: Mapping[str, object], device: str, widths: Sequence[int] = (1,)) -> str:
    """Return the key that trainings of the same cost share.

    Args:
        payload: A trial's, see `service.studies.payloads`.
        device: "cpu" or "cuda".
        widths: Of the packs that are timed.
    """
    kept = {name: value for name, value in payload.items() if name not in UNTIMED}
    training, task = kept["training"], kept["task"]
    if not (isinstance(training, Mapping) and isinstance(task, Mapping)):
        raise TypeError("a payload's training and task are objects")
    kept["task"] = {n: v for n, v in task.items() if n != SUBSET_SEED}
    kept["training"] = {n: v for n, v in training.items() if n not in UNTIMED_SETTINGS}
    return training_digest({**kept, "widths": list(widths)}, device=device)


def typical_payload(resolved: TrainingJob, *, is_full: bool) -> Json:
    """Return the payload of a typical training of a job's searches.

    Args:
        resolved: The job.
        is_full: Whether it is one that decides: all epochs, in full precision.
    """
    names = [study.name for study in resolved.studies]
    name = next((n for n in names if not samplers.is_learned(n)), names[0])
    point = [TYPICAL] * resolved.spaces.of(name).dimension
    return payloads.searched(resolved, name, point, is_full=is_full).payload


def cost_of_trials(done: Sequence[Trial]) -> TrainingCost | None:
    """Sum up completed trainings of one cost key; None where none of them was timed."""
    timed = [t for t in done if is_timed(t)]
    if not timed:
        return None
    epochs = [(t.training_s or 0.0) / len(t.curve or ()) for t in timed]
    low, middle, high = (float(q) for q in np.quantile(epochs, (0.25, 0.5, 0.75)))
    searched = [_around_s(t) for t in timed if t.phase is not Phase.EVALUATION]
    tested = [_around_s(t) for t in timed if t.phase is Phase.EVALUATION]
    start_s = max(float(np.median(searched or tested)), 0.0)
    memory = [t.peak_memory_bytes or 0 for t in timed]
    return TrainingCost(
        start_s=start_s,
        epoch_s=(low, middle, high),
        final_s=0.0,  # it is among what is around the epochs
        n=len(timed),
        peak_memory_bytes=int(max(memory)) or None,
        test_s=max(float(np.median(tested)) - start_s, 0.0) if tested else 0.0,
    )


def is_timed(trial: Trial) -> bool:
    """Whether a trial was trained for itself, alone on its worker, and its time is known."""
    is_own = trial.state is TrialState.COMPLETED and trial.cached_from is None
    is_alone = trains(trial.payload) and not is_packed(trial.payload)
    return is_own and is_alone and bool(trial.curve) and bool(trial.training_s)


def _around_s(trial: Trial) -> float:
    """Return the time of a trial that was spent before and after its epochs."""
    if trial.started_at is None or trial.finished_at is None:
        return -(trial.training_s or 0.0)
    elapsed_s = (trial.finished_at - trial.started_at).total_seconds()
    return elapsed_s - (trial.training_s or 0.0)
