"""The finalists of a study: its best few trainings, each with several validation seeds.

A learning rate at the edge of stability wins a search with one lucky seed. With the mean over
several seeds a training that fails on one of them is not chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean

from service.records import Trial
from service.states import TrialState
from service.studies.study_run import best_of, is_result


def best_finalist(firsts: Sequence[Trial], again: Iterable[Trial], worst: float) -> Trial | None:
    """Choose among finalists by their mean validation loss.

    Args:
        firsts: The finalists, as the search's seed trained them, all epochs.
        again: Their trainings with further seeds, by whose point they are known.
        worst: The loss of a training that diverged, where that of a constant output is not known.

    Returns:
        The finalist with the least mean, its value being the mean; None where none gave a value.
    """
    by_point: dict[tuple[float, ...], list[Trial]] = {}
    for trial in again:
        by_point.setdefault(tuple(trial.point), []).append(trial)
    found = [trial for trial in firsts if is_result(trial)]
    worst = _loss_of_nothing(found, worst)
    means = (_averaged(trial, by_point.get(tuple(trial.point), ()), worst) for trial in found)
    return best_of(means)


def _averaged(first: Trial, again: Iterable[Trial], worst: float) -> Trial:
    values = [first.value or 0.0, *_values(again, worst)]
    return replace(first, value=fmean(values))


def _values(trials: Iterable[Trial], worst: float) -> list[float]:
    """Return the losses of further seeds.

    One that failed with an error is left out: the error may be the machine's.
    """
    ended = [trial for trial in trials if trial.state is TrialState.COMPLETED]
    return [t.value if is_result(t) and t.value is not None else worst for t in ended]


def _loss_of_nothing(trials: Iterable[Trial], worst: float) -> float:
    """Return the loss of a constant output: a training that diverged has found no more."""
    known = [(trial.metrics or {}).get("constant_loss") for trial in trials]
    return max((loss for loss in known if loss is not None), default=worst)
