"""Random search: each trial's point depends on the study's seed and the trial's number alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.samplers.base import Entry, Plan, Proposal, Sampler
from service.seeds import derive

# Trials that may be unfinished at once: more than a cluster has workers, fewer than a table minds.
WINDOW = 256


class RandomPoints(Sampler):
    """Independent uniform points in [0, 1)^d; waits for nothing."""

    def plan(self, log: Sequence[Entry], n_free: int) -> Plan:
        """Fill up to `WINDOW` unfinished trials once half of them have ended."""
        del n_free
        n_open = sum(entry.value is None for entry in log)
        # Issued by the half window: a transaction for every single trial would cost more.
        room = WINDOW - n_open if n_open <= WINDOW // 2 else 0
        end = min(self.study.n_trials, len(log) + room)
        return Plan(
            proposals=tuple(Proposal(self._point(k), k) for k in range(len(log), end)),
            numbered={i: i for i, entry in enumerate(log) if entry.number is None},
            is_finished=n_open == 0 and len(log) >= self.study.n_trials,
        )

    def _point(self, number: int) -> tuple[float, ...]:
        generator = np.random.Generator(np.random.PCG64(derive(self.study.seed, "random", number)))
        return tuple(generator.random(self.study.dimension).tolist())
