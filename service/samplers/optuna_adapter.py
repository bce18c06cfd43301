"""Optuna's samplers behind our contract: history in, one round of points out.

Optuna's study is kept between the rounds of an instance, because adding thousands of trials again
costs more than asking; each round has a fresh sampler, seeded by (study, round), so that a study
built from the log answers the same.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import create_trial

from densearch.sampler import AxisKind, Entry, Rounds, StudyPlan
from densearch.sampler.axes import middle, share_of
from service.samplers.sections import GpOptions, TpeOptions

# One line for every study is noise in our log.
optuna.logging.set_verbosity(optuna.logging.WARNING)


def distribution_of(axis: AxisKind) -> BaseDistribution:
    """Return Optuna's form of an axis: real in [0, 1], whole numbers from 0, or categories."""
    if axis.n_values is None:
        return FloatDistribution(0.0, 1.0)
    if axis.is_ordered:
        return IntDistribution(0, axis.n_values - 1)
    return CategoricalDistribution(tuple(range(axis.n_values)))


class OptunaSampler(Rounds):
    """Asks an Optuna study for each round and tells it in the order of issue.

    Inside a round the trials still running keep the round apart, in the way of each sampler.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._space: Mapping[str, BaseDistribution] = {
            f"x{i}": distribution_of(axis) for i, axis in enumerate(self._axes)
        }
        self._begin()

    def _begin(self) -> None:
        self._study = optuna.create_study(sampler=self._make(0))
        self._running: list[optuna.Trial] = []
        self._values: list[float | None] = []

    @abstractmethod
    def _make(self, seed: int) -> optuna.samplers.BaseSampler:
        """Return Optuna's sampler, its generator at the start of a round."""

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> list[tuple[float, ...]]:
        """See `Rounds`."""
        self._tell(told)
        self._study.sampler = self._make(self.seed_of(index))
        return [self._ask(number) for number in range(len(told), len(told) + size)]

    def _tell(self, told: Sequence[Entry]) -> None:
        """Bring Optuna's study up to the log: what it asked itself, or what was there before."""
        values = [entry.value for entry in told]
        if values[: len(self._values)] != self._values:  # a penalty has become another value
            self._begin()
        new = told[len(self._values) :]
        self._values = values
        for trial, entry in zip(self._running, new, strict=False):
            self._study.tell(trial, entry.value)
        self._study.add_trials([self._trial(entry) for entry in new[len(self._running) :]])
        self._running = []

    def _ask(self, number: int) -> tuple[float, ...]:
        if number < len(self.study.starts):
            self._study.enqueue_trial(self._params(self.study.starts[number]))
        self._running.append(self._study.ask(dict(self._space)))
        params = self._running[-1].params
        return tuple(
            params[name] if axis.n_values is None else middle(int(params[name]), axis.n_values)
            for name, axis in zip(self._space, self._axes, strict=True)
        )

    def _trial(self, entry: Entry) -> optuna.trial.FrozenTrial:
        params = self._params(entry.point)
        return create_trial(params=params, distributions=dict(self._space), value=entry.value)

    def _params(self, point: Sequence[float]) -> dict[str, float | int]:
        return {
            name: u if axis.n_values is None else share_of(u, axis.n_values)
            for name, axis, u in zip(self._space, self._axes, point, strict=True)
        }


class Tpe(OptunaSampler):
    """Tree-structured Parzen estimator (Bergstra et al. 2011).

    The trials still running count as bad ones (constant liar).
    """

    def _make(self, seed: int) -> optuna.samplers.BaseSampler:
        options = TpeOptions.of(self.study)
        return optuna.samplers.TPESampler(
            n_startup_trials=options.n_startup_trials,
            n_ei_candidates=options.n_ei_candidates,
            multivariate=options.multivariate,
            constant_liar=True,
            seed=seed,
        )


class Gp(OptunaSampler):
    """Gaussian process with a Matern kernel and log expected improvement; loads torch.

    The trials still running are integrated over (q-batch expected improvement).
    """

    models_values = True

    def _make(self, seed: int) -> optuna.samplers.BaseSampler:
        return optuna.samplers.GPSampler(
            n_startup_trials=GpOptions.of(self.study).n_startup_trials, seed=seed
        )
