"""CMA-ES (Hansen 2001) of the package cmaes, the one behind Optuna's CmaEsSampler.

Asked directly, because Optuna assembles generations from single trials and drops those above the
population's size: here a round is a generation, and every trial is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import cmaes
import numpy as np

from densearch.sampler import Entry, Rounds, StudyPlan
from densearch.seeds import derive
from service.samplers.round_sizes import of_generation
from service.samplers.sections import CmaEsOptions

SIGMA = 1.0 / 6.0  # of the cube's side, Optuna's default


class CmaEs(Rounds):
    """Rounds are generations; a search that has converged begins again elsewhere."""

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self.round_size = of_generation(study)
        self._n_told = 0
        centre = study.starts[0] if study.starts else (0.5,) * study.dimension
        self._cma = self._begin(np.array(centre))

    def _begin(self, mean: np.ndarray) -> cmaes.CMA:
        d = self.study.dimension
        return cmaes.CMA(
            mean=mean,
            sigma=SIGMA,
            bounds=np.tile([0.0, 1.0], (d, 1)),
            n_max_resampling=10 * d,
            seed=self.seed_of(0),
            population_size=self.round_size,
            lr_adapt=CmaEsOptions.of(self.study).lr_adapt,
        )

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> list[Sequence[float]]:
        """See `Rounds`."""
        while self._n_told < len(told):
            self._tell(told[self._n_told : self._n_told + self.round_size])
        self._cma.reseed_rng(self.seed_of(index))
        asked = [self._cma.ask() for _ in range(size)]
        # Starts take the place of asked points: the same points are asked with and without them.
        starts = self.study.starts[len(told) : len(told) + size]
        return [*starts, *asked[len(starts) :]]

    def _tell(self, generation: Sequence[Entry]) -> None:
        """Tell a whole generation, each point with its value."""
        self._n_told += len(generation)
        self._cma.tell([(np.array(entry.point), _value(entry)) for entry in generation])
        if self._cma.should_stop():
            seed = derive(self.study.seed, "restart", self._n_told)
            self._cma = self._begin(np.random.default_rng(seed).random(self.study.dimension))


def _value(entry: Entry) -> float:
    if entry.value is None:
        raise ValueError("a generation is told when all its trials have ended")
    return entry.value
