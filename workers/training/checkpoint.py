"""State of a training between two steps.

The rest of a training is a function of this state and its task: one that continues from it has the
same results as an uninterrupted one, bit for bit. Within an epoch, the generators' states at its
beginning are stored. The used batches are drawn again and skipped, so that a checkpoint does not
depend on how far batches are read ahead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

# Shape and type of tensors by their names.
TensorSpecs = Mapping[str, tuple[tuple[int, ...], torch.dtype]]


class MisfitError(Exception):
    """A checkpoint cannot be continued; the message continues a sentence that begins with "it"."""


@dataclass
class Position:
    """Position of trainings that share their batches.

    Attributes:
        n_steps: Steps taken.
        n_batches: Batches used in the present epoch.
        generators: The generators' states at its beginning, by name; empty without checkpoints.
        objective: The objective's state at its beginning, see `objective_state.packed`.
    """

    n_steps: int = 0
    n_batches: int = 0
    generators: dict[str, Tensor] = field(default_factory=dict)
    objective: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a training, stored as JSON.

    Attributes:
        measurements: After each epoch its metrics, and the seconds until then.
        is_thorough: Whether the last of them includes the slow metrics.
        n_steps: See `Position`.
        n_batches: See `Position`.
        first_loss: See `workers.training.judging.CandidateRun`.
        total: The same; of the present epoch.
        n_samples: The same.
        training_s: The same.
        elapsed_s: Seconds since the training began, without those between attempts.
    """

    measurements: Sequence[tuple[dict[str, float], float]]
    is_thorough: bool
    n_steps: int
    n_batches: int
    first_loss: float | None
    total: float
    n_samples: int
    training_s: float
    elapsed_s: float

    @classmethod
    def of(cls, given: Any) -> TrainingProgress:  # noqa: ANN401 - JSON that anybody may have written
        """Read an instance's `vars` back from JSON.

        Raises:
            MisfitError: A field is missing or has a wrong type.
        """
        try:
            loss = given["first_loss"]
            found = cls(
                measurements=[(_metrics(own), float(s)) for own, s in given["measurements"]],
                is_thorough=bool(given["is_thorough"]),
                n_steps=int(given["n_steps"]),
                n_batches=int(given["n_batches"]),
                first_loss=None if loss is None else float(loss),
                total=float(given["total"]),
                n_samples=int(given["n_samples"]),
                training_s=float(given["training_s"]),
                elapsed_s=float(given["elapsed_s"]),
            )
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
            raise MisfitError("does not say where the training was") from error
        if min(found.n_steps, found.n_batches, found.n_samples) < 0:
            raise MisfitError("does not say where the training was")
        return found

    @property
    def reached(self) -> tuple[int, int]:
        """Completed epochs, and used batches of the next one."""
        return len(self.measurements), self.n_batches


def _metrics(given: Mapping[str, Any]) -> dict[str, float]:
    found = {str(name): float(value) for name, value in given.items()}
    if "val_loss" not in found:  # what the curve is made of
        raise ValueError("no validation loss")
    return found


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of one training.

    Attributes:
        progress: Its numbers.
        tensors: State of its network, optimizer, generators and objective, on the CPU.
    """

    progress: TrainingProgress
    tensors: Mapping[str, Tensor]
