"""Random search: each trial's point depends on the study's seed and the trial's number alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.samplers.base import Entry, Plan, Proposal, Sampler, StudyPlan
from service.seeds import derive

# Trials that may be unfinished at once: more than a cluster has workers, fewer than a table minds.
WINDOW = 256


class RandomPoints(Sampler):
    """Independent uniform points in [0, 1)^d; waits for nothing."""

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        # Of the log already seen: a search of it at every end would cost its length each time.
        self._n_seen = 0
        self._open: set[int] = set()
        self._unnumbered: set[int] = set()

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Fill up to `WINDOW` unfinished trials once half of them have ended."""
        new = range(self._n_seen, len(log))
        self._n_seen = len(log)
        self._open = {i for i in self._open.union(new) if log[i].value is None}
        self._unnumbered = {i for i in self._unnumbered.union(new) if log[i].number is None}
        n_open = len(self._open)
        # Issued by the half window: a transaction for every single trial would cost more.
        room = WINDOW - n_open if n_open <= WINDOW // 2 else 0
        end = min(self.study.n_trials, len(log) + room)
        return Plan(
            proposals=tuple(Proposal(self._point(k), k) for k in range(len(log), end)),
            numbered={i: i for i in sorted(self._unnumbered)},
            is_finished=n_open == 0 and len(log) >= self.study.n_trials,
        )

    def _point(self, number: int) -> tuple[float, ...]:
        generator = np.random.Generator(np.random.PCG64(derive(self.study.seed, "random", number)))
        return tuple(generator.random(self.study.dimension).tolist())
