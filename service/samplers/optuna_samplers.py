"""Optuna's samplers behind our contract: history in, one round of points out.

Optuna's own study is a throw-away: it is rebuilt from the log for every round, with a generator
seeded by (study, round), so that nothing of it needs to survive a crash.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.trial import create_trial

from service.samplers.base import Entry, Plan, Proposal, Sampler, StudyPlan
from service.seeds import derive

# One line for every throw-away study is noise in our log.
optuna.logging.set_verbosity(optuna.logging.WARNING)


class OptunaSampler(Sampler):
    """Rounds of `batch_size` trials, told in the order of issue when the whole round has ended."""

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._space: Mapping[str, BaseDistribution] = {
            f"x{axis}": FloatDistribution(0.0, 1.0) for axis in range(study.dimension)
        }

    @abstractmethod
    def _make(self, seed: int) -> optuna.samplers.BaseSampler:
        """Return Optuna's sampler, its generator at the start of a round."""

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Answer the next round once the last has ended, the rest of a round half issued."""
        size, n_trials = self.study.batch_size, self.study.n_trials
        numbered = {i: i for i, entry in enumerate(log) if entry.number is None}
        start = min(len(log), n_trials) // size * size
        # A crash may have cut a round: its first part is in the log, its rest is asked again.
        if any(entry.value is None for entry in log[:start]):
            return Plan(numbered=numbered)
        if len(log) >= n_trials:
            return Plan(
                numbered=numbered, is_finished=all(entry.value is not None for entry in log)
            )
        points = self._round(log[:start], start // size, min(size, n_trials - start))
        proposals = tuple(
            Proposal(point, number)
            for number, point in enumerate(points, start)
            if number >= len(log)
        )
        return Plan(proposals=proposals, numbered=numbered)

    def _round(self, told: Sequence[Entry], index: int, size: int) -> list[tuple[float, ...]]:
        sampler = self._make(derive(self.study.seed, "round", index))
        study = optuna.create_study(sampler=sampler)
        study.add_trials([self._trial(entry) for entry in told])
        return [self._ask(study) for _ in range(size)]

    def _trial(self, entry: Entry) -> optuna.trial.FrozenTrial:
        params = dict(zip(self._space, entry.point, strict=True))
        return create_trial(params=params, distributions=dict(self._space), value=entry.value)

    def _ask(self, study: optuna.Study) -> tuple[float, ...]:
        params = study.ask(dict(self._space)).params
        return tuple(float(params[name]) for name in self._space)


class Tpe(OptunaSampler):
    """Tree-structured Parzen estimator (Bergstra et al. 2011) as Optuna builds it.

    Inside a round the trials still running count as bad ones (constant liar), which keeps the
    round apart.
    """

    def _make(self, seed: int) -> optuna.samplers.BaseSampler:
        options = self.study.options
        return optuna.samplers.TPESampler(
            n_startup_trials=int(str(options.get("n_startup_trials", 10))),
            n_ei_candidates=int(str(options.get("n_ei_candidates", 24))),
            multivariate=bool(options.get("multivariate", True)),
            constant_liar=True,
            seed=seed,
        )
