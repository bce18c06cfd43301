"""Figures that depend on the clock and on idle workers, separate from the rest of the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from densearch.sampler import Certainty
from service.records import Json, Trial
from service.report.attribution import UNIFORM
from service.report.rows import ArmTrials
from service.states import Role
from service.studies.training_payload import is_packed

# Settings that do not change the duration of a training.
FREE = ("lr", "momentum", "nesterov", "weight_decay", "schedule", "schedule_epochs")


@dataclass(frozen=True, slots=True)
class Overhead:
    """Training time with a density relative to the plain convolution, by wall-clock time.

    Other trainings ran at the same time, so that a difference of a few percent may be chance.

    Attributes:
        ratio: Mean time of the searches' final trainings over that of uniform's.
        n: Trainings of the searches.
        n_uniform: Trainings of uniform.
        words: The same as a sentence.
    """

    ratio: float
    n: int
    n_uniform: int
    words: str


def timing_of(found: Sequence[ArmTrials], trials: Iterable[Trial]) -> Json:
    """Return the training overhead and the number of speculative trials and hits."""
    overhead = _overhead(found)
    return {
        "overhead": asdict(overhead) if overhead is not None else None,
        "speculation": _speculation(trials),
    }


def _overhead(found: Sequence[ArmTrials]) -> Overhead | None:
    uniform = next((one for one in found if one.name == UNIFORM), None)
    if uniform is None:
        return None
    plain = _times([uniform], uniform)
    weighted = _times([one for one in found if one.arm.record.role is Role.SEARCH], uniform)
    if not plain or not weighted or not np.mean(plain):
        return None
    ratio = float(np.mean(weighted) / np.mean(plain))
    words = (
        f"Training with a density took {ratio:.2f} times as long as without (wall-clock time, "
        f"other trainings running; {len(weighted)} and {len(plain)} trainings)."
    )
    return Overhead(ratio, len(weighted), len(plain), words)


def _times(arms: Iterable[ArmTrials], uniform: ArmTrials) -> list[float]:
    """Return the times of final trainings whose settings cost as much as uniform's.

    Trainings in packs are excluded: their time depends on how many share the pack.
    """
    return [
        trial.training_s
        for one in arms
        for trial in one.tested
        if trial.training_s is not None
        and not trial.is_diverged
        and not is_packed(trial.payload)
        and _load(trial) == _load(uniform.best)
    ]


def _load(trial: Trial) -> tuple[object, ...]:
    training = trial.payload.get("training") or {}
    kept = {name: value for name, value in training.items() if name not in FREE}
    return kept, trial.payload.get("network")


def _speculation(trials: Iterable[Trial]) -> Json | None:
    """Count the speculative trials, and those that the sampler's sequence then requested."""
    ahead = [trial for trial in trials if trial.certainty != Certainty.CERTAIN]
    n_hits = sum(trial.number is not None for trial in ahead)
    return {"n_ahead": len(ahead), "n_hits": n_hits} if ahead else None
