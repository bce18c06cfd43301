"""Quasi-random search: a scrambled Sobol sequence (scipy.stats.qmc), which fills the cube evenly.

Asked of scipy rather than of Optuna's QMCSampler, which draws the first point from another
generator and builds a new engine for every point.
"""

from __future__ import annotations

from scipy.stats import qmc

from densearch.sampler import KnownSequence, Point, StudyPlan
from densearch.seeds import derive


class SobolPoints(KnownSequence):
    """A Sobol sequence in [0, 1)^d, scrambled by the study's seed (Owen 1998, LMS and shift)."""

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._engine = qmc.Sobol(study.dimension, scramble=True, rng=derive(study.seed, "sobol"))

    def points(self, start: int, end: int) -> list[Point]:
        """See `KnownSequence`."""
        if start < self._engine.num_generated:
            self._engine.reset()
        if start > self._engine.num_generated:
            self._engine.fast_forward(start - self._engine.num_generated)
        # One by one: scipy warns of any other number that is not a power of two.
        return [tuple(self._engine.random(1)[0].tolist()) for _ in range(start, end)]
