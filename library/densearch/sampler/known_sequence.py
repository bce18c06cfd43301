"""Samplers that are not adaptive: a point depends on the study and on its number alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from densearch.sampler.axes import axes_of, snapped
from densearch.sampler.contract import Entry, Plan, Proposal, Sampler, StudyPlan
from densearch.sampler.tally import LogTally

# Trials that may be unfinished at once: enough for the workers of a cluster, few for a table.
# At least twice a batch, whose trials may wait for one another (`service.studies.pruning_rules`).
WINDOW = 256


class KnownSequence(Sampler):
    """Issues a sequence that is known before the first value is."""

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._axes = axes_of(study)
        self._tally = LogTally()

    @abstractmethod
    def points(self, start: int, end: int) -> Sequence[Sequence[float]]:
        """Return the points with the numbers from start to end - 1; end > start."""

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Fill up to the window of unfinished trials once half of them have ended."""
        self._tally.take(log)
        n_open, n_trials = self._tally.n_open, self.study.n_trials
        window = max(WINDOW, 2 * self.study.batch_size)
        # Issued by the half window: a transaction for every single trial would cost more.
        room = window - n_open if n_open <= window // 2 else 0
        end = min(n_trials, len(log) + room)
        return Plan(
            proposals=self._proposals(len(log), end),
            numbered=self._tally.numbered,
            is_finished=n_open == 0 and len(log) >= n_trials,
        )

    def _proposals(self, start: int, end: int) -> tuple[Proposal, ...]:
        points = self.points(start, end) if end > start else ()
        return tuple(
            Proposal(snapped(point, self._axes), number)
            for number, point in enumerate(points, start)
        )
