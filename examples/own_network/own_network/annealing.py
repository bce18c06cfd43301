"""The sampler: simulated annealing, a round of trials at a time.

Source: S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, "Optimization by Simulated Annealing",
Science 220 (1983).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import Field

from densearch.plugins import Capabilities, Entry, Rounds, SamplerOptions, StudyPlan, derive


class AnnealingOptions(SamplerOptions):
    """The options of annealing."""

    step: float = Field(
        default=0.2, gt=0.0, le=1.0, description="Standard deviation of a step, of the box's side."
    )
    cooling: float = Field(
        default=0.9,
        ge=0.1,
        le=1.0,
        description="Factor of step and temperature in each round.",
    )


class Annealing(Rounds):
    """Steps at random around the present point, and accepts worse points less and less."""

    title = "Simulated annealing"
    section = AnnealingOptions
    capabilities = Capabilities()

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._options = AnnealingOptions.of(study)

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> Sequence[Sequence[float]]:
        """Return uniform points first, then steps from the point that the walk has reached."""
        random = np.random.default_rng(self.seed_of(index))
        shape = (self.round_size, self.study.dimension)
        if index == 0:
            return [tuple(point) for point in random.random(shape)[:size]]
        width = self._options.step * self._options.cooling**index
        steps = random.normal(0.0, width, shape)
        return [tuple(point) for point in np.clip(self._present(told) + steps, 0.0, 1.0)[:size]]

    def _present(self, told: Sequence[Entry]) -> tuple[float, ...]:
        """Walk through the rounds from the first, whose spread is the first temperature."""
        size = self.round_size
        first = [_value(entry) for entry in told[:size]]
        temperature, present = (max(first) - min(first)) or 1.0, told[0]
        for index, start in enumerate(range(0, len(told), size)):
            best = min(told[start : start + size], key=_value)
            worse = _value(best) - _value(present)
            chance = derive(self.study.seed, "accept", index) / 2**32
            if worse <= 0.0 or chance < math.exp(-worse / temperature):
                present = best
            temperature *= self._options.cooling
        return present.point


def _value(entry: Entry) -> float:
    return math.inf if entry.value is None else entry.value
