"""Random search: each trial's point depends on the study's seed and the trial's number alone."""

from __future__ import annotations

import numpy as np

from densearch.sampler import KnownSequence, Point
from densearch.seeds import derive


class RandomPoints(KnownSequence):
    """Independent uniform points in [0, 1)^d."""

    def points(self, start: int, end: int) -> list[Point]:
        """See `KnownSequence`."""
        return [self._point(number) for number in range(start, end)]

    def _point(self, number: int) -> Point:
        generator = np.random.Generator(np.random.PCG64(derive(self.study.seed, "random", number)))
        return tuple(generator.random(self.study.dimension).tolist())
