"""`python -m service.samplers.importance_process`: which coordinates of a search matter.

PED-ANOVA by Optuna (Watanabe, Bansal and Hutter 2023, https://arxiv.org/abs/2304.10255): how far
the best tenth of the trials is spread otherwise along each coordinate than all of them. It looks
at ranks alone, so the unit of the objective does not matter; trials are put in an order of their
own, so theirs does not matter either. Each interval is the middle 95 % of bootstrap samples of
the trials.

A process of its own: Optuna takes seconds to load and the repeats a core, and the API has neither.
It reads a `ImportanceQuestion` as JSON from stdin and writes an `ImportanceAnswer` to stdout.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Container, Iterable, Sequence
from typing import Any, TypedDict

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator

from service import process_bounds

N_REPEATS = 50
SEED = 20260101
LIMIT_BYTES = 2 * 2**30
LIMIT_CPU_S = 60

Ranked = tuple[float, tuple[float, ...]]


class ImportanceQuestion(TypedDict):
    """The trials of a search.

    Attributes:
        points: In the unit cube, shape (trials, dimension); the index of a choice, from 0, where
            a coordinate has choices.
        values: Shape (trials,), less is better.
        n_choices: How many choices each coordinate has; 0 for a continuous one.
    """

    points: list[list[float]]
    values: list[float]
    n_choices: list[int]


class ImportanceAnswer(TypedDict):
    """The share of each coordinate, with its interval, each of shape (dimension,), sums to 1."""

    shares: list[float]
    lows: list[float]
    highs: list[float]


def importance(question: ImportanceQuestion, n_repeats: int = N_REPEATS) -> ImportanceAnswer:
    """Return the importance of each coordinate, as shares of their sum.

    Without any difference between the best and all, all shares are 0.
    """
    ranked = sorted(zip(question["values"], map(tuple, question["points"]), strict=True))
    found = _Importance(ranked, question["n_choices"])
    whole = found.shares(range(len(ranked)))
    draws = np.random.default_rng(SEED)
    samples = (draws.integers(0, len(ranked), len(ranked)) for _ in range(n_repeats))
    repeats = [found.shares(np.sort(sample)) for sample in samples]
    lows, highs = np.quantile(np.array(repeats), [0.025, 0.975], axis=0)
    # The whole may lie outside: a bootstrap sample repeats trials, and shares are not linear.
    return {
        "shares": whole,
        "lows": np.minimum(lows, whole).tolist(),
        "highs": np.maximum(highs, whole).tolist(),
    }


class _Importance:
    """Asks Optuna about samples of some trials, which it is given once."""

    def __init__(self, ranked: Sequence[Ranked], kinds: Sequence[int]) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._names = [str(index) for index in range(len(kinds))]
        kept = {name: _kind(n) for name, n in zip(self._names, kinds, strict=True)}
        self._study = optuna.create_study()
        self._study.add_trials(
            [
                optuna.trial.create_trial(
                    value=value, params=self._params(point, kinds), distributions=kept
                )
                for value, point in ranked
            ]
        )
        self._trials = self._study.get_trials(deepcopy=False)

    def _params(self, point: Sequence[float], kinds: Sequence[int]) -> dict[str, Any]:
        triples = zip(self._names, point, kinds, strict=True)
        return {name: int(value) if n else value for name, value, n in triples}

    def shares(self, sample: Iterable[int]) -> list[float]:
        """Return the shares by the trials of these indices."""
        study = _Sampled([self._trials[index] for index in sample])
        with warnings.catch_warnings():  # where most values are equal: then nothing matters
            warnings.simplefilter("ignore")
            found = PedAnovaImportanceEvaluator().evaluate(study, params=self._names)
        total = sum(found.values())
        return [found[name] / total if total > 0 else 0.0 for name in self._names]


class _Sampled(optuna.Study):
    """A study with given trials: to store each sample would take most of the time."""

    def __init__(self, trials: Sequence[optuna.trial.FrozenTrial]) -> None:
        empty = optuna.create_study()
        super().__init__(empty.study_name, empty._storage)  # noqa: SLF001 - as create_study does
        self._sample = list(trials)

    def get_trials(
        self,
        deepcopy: bool = True,  # noqa: FBT001, FBT002 - Optuna's
        states: Container[optuna.trial.TrialState] | None = None,
    ) -> list[optuna.trial.FrozenTrial]:
        """Return the sample; all of it is complete."""
        del deepcopy, states
        return self._sample


def _kind(n_choices: int) -> optuna.distributions.BaseDistribution:
    if n_choices:
        return optuna.distributions.CategoricalDistribution(tuple(range(n_choices)))
    return optuna.distributions.FloatDistribution(0.0, 1.0)


def main() -> None:
    """Answer the question on stdin."""
    process_bounds.bound(data_bytes=LIMIT_BYTES, cpu_s=LIMIT_CPU_S)
    json.dump(importance(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
