"""One point, the centre of the box: for studies that search nothing."""

from __future__ import annotations

from collections.abc import Sequence

from densearch.sampler import Entry, Plan, Proposal, Sampler

CENTRE = 0.5


class Fixed(Sampler):
    """Issues the centre once for each trial of the budget, which a job sets to one.

    The box of a control has no coordinates. Where the density is learned with the weights, the
    training itself moves away from the centre.
    """

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Answer every trial at once; they are all the same and all certain."""
        n_trials, point = self.study.n_trials, (CENTRE,) * self.study.dimension
        return Plan(
            proposals=tuple(Proposal(point, number) for number in range(len(log), n_trials)),
            numbered={i: i for i, entry in enumerate(log) if entry.number is None},
            is_finished=len(log) >= n_trials and all(entry.value is not None for entry in log),
        )
