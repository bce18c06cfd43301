"""Final trainings that gave nothing: they diverged, learned nothing, or failed.

They are counted for each arm and never averaged: a loss at the level of a constant output is no
measurement of a density.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.records import Trial
from service.states import TrialState
from service.studies.study_run import is_result

# How far below the loss of a constant output a training is to come, as a share of it.
_LEAST_GAIN = 1e-3


@dataclass(frozen=True, slots=True)
class Failures:
    """The final trainings of an arm that gave nothing.

    Attributes:
        n: All its final trainings that have ended.
        n_diverged: Trainings that diverged.
        n_collapsed: Trainings that learned nothing, see `has_learned_nothing`.
        n_failed: Trainings that ended with an error.
    """

    n: int
    n_diverged: int
    n_collapsed: int
    n_failed: int

    @property
    def total(self) -> int:
        """All three kinds together."""
        return self.n_diverged + self.n_collapsed + self.n_failed

    @property
    def of_training(self) -> int:
        """Those that the training itself caused: errors may be the machine's."""
        return self.n_diverged + self.n_collapsed


def has_learned_nothing(trial: Trial) -> bool:
    """Whether a trial's loss is not below that of a constant output, see docs/job-spec.md.

    Results of earlier versions, and of tasks that know no such output, say nothing of it.
    """
    if trial.value is None or not is_result(trial):
        return False
    return is_no_gain(trial.value, trial.metrics)


def is_no_gain(loss: float, metrics: Mapping[str, float] | None) -> bool:
    """Whether a loss is not below `constant_loss`; False where that is not known."""
    constant = (metrics or {}).get("constant_loss")
    return constant is not None and bool(loss >= constant * (1.0 - _LEAST_GAIN))


def failures_of(trials: Iterable[Trial]) -> Failures:
    """Count the failures among an arm's final trainings."""
    ended = [t for t in trials if t.state in (TrialState.COMPLETED, TrialState.FAILED)]
    return Failures(
        n=len(ended),
        n_diverged=sum(t.is_diverged for t in ended),
        n_collapsed=sum(has_learned_nothing(t) for t in ended),
        n_failed=sum(t.state is TrialState.FAILED and not t.is_diverged for t in ended),
    )


def losses_of(trials: Iterable[Trial]) -> dict[int, float]:
    """Return the test losses of the trainings that count, by the index of their seed."""
    return {
        trial.number: trial.value
        for trial in trials
        if is_result(trial)
        and trial.number is not None
        and trial.value is not None
        and not has_learned_nothing(trial)
    }
