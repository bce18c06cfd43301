"""The sampler of a control arm: nothing is searched."""

from __future__ import annotations

from collections.abc import Sequence

from densearch.sampler import Entry, Plan, Proposal, Sampler


class Fixed(Sampler):
    """Issues the one point without coordinates, once for each trial of the budget."""

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Answer every trial at once; they are all the same and all certain."""
        n_trials = self.study.n_trials
        return Plan(
            proposals=tuple(Proposal((), number) for number in range(len(log), n_trials)),
            numbered={i: i for i, entry in enumerate(log) if entry.number is None},
            is_finished=len(log) >= n_trials and all(entry.value is not None for entry in log),
        )
