"""Samplers that work in rounds: a whole round is told, in trial order, before the next is asked.

A round's points depend on the study and on the rounds before it, so that neither the number of
workers nor the order in which they end can change them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from densearch.sampler.axes import axes_of, snapped
from densearch.sampler.contract import Entry, Plan, Point, Proposal, Sampler, StudyPlan
from densearch.sampler.penalties import softened_log
from densearch.sampler.tally import LogTally
from densearch.seeds import derive


class Rounds(Sampler):
    """Issues `round_size` trials at a time.

    Attributes:
        round_size: Trials in a round; `batch_size` unless the sampler needs another number.
        models_values: Whether penalties are replaced before it sees them, see `Capabilities`. The
            value of a trial may then change from round to round.
    """

    models_values: ClassVar[bool] = False

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self.round_size = study.batch_size
        self._axes = axes_of(study)
        self._tally = LogTally()
        # The round asked last: to ask a library again would advance its generator.
        self._asked: tuple[int, list[Point]] = (-1, [])

    @abstractmethod
    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> Sequence[Sequence[float]]:
        """Return the first `size` points of a round; each instance is asked once for a round.

        Args:
            told: The trials of all earlier rounds with their values; do not keep it, it grows.
            index: The round, from 0, never less than in the call before.
            size: `round_size`, or less where the budget ends. The first points of a round do not
                depend on how many are asked.
        """

    def seed_of(self, index: int) -> int:
        """The seed of a round."""
        return derive(self.study.seed, "round", index)

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Return the next round once the last has ended, or the rest of a round issued in part."""
        self._tally.take(log)
        size, n_trials = self.round_size, self.study.n_trials
        numbered = self._tally.numbered
        start = min(len(log), n_trials) // size * size
        # A crash, or the budget before it was raised, may have cut a round: its first part is in
        # the log, its rest is asked again.
        if self._tally.first_open < start:
            return Plan(numbered=numbered)
        if len(log) >= n_trials:
            return Plan(numbered=numbered, is_finished=self._tally.n_open == 0)
        points = self._points(log, start)
        proposals = tuple(
            Proposal(point, number)
            for number, point in enumerate(points, start)
            if number >= len(log)
        )
        return Plan(proposals=proposals, numbered=numbered)

    def _points(self, log: Sequence[Entry], start: int) -> list[Point]:
        index = start // self.round_size
        if self._asked[0] != index:
            size = min(self.round_size, self.study.n_trials - start)
            # A copy for every round would cost the length of the log each time.
            told = log if len(log) == start else log[:start]
            if self.models_values:
                told = softened_log(told, self.study.penalty)
            points = self.ask_round(told, index, size)
            self._asked = index, [snapped(point, self._axes) for point in points]
        return self._asked[1]
