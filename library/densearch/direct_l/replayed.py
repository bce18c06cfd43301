"""The common part of samplers that replay NLopt: the log against the visits that are certain.

A subclass says which visits its sequence is certain to make, and which it is likely to make; the
numbers, the budget, the end and the bounds of speculation are the same for all of them.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Container, Sequence

from densearch.direct_l.ledger import Ledger
from densearch.direct_l.prediction import Guess
from densearch.direct_l.tree import Visit
from densearch.sampler import Certainty, Entry, Plan, Proposal, Sampler, StudyPlan

logger = logging.getLogger(__name__)

# Speculative trials without a number: as many as there are idle workers.
UNLIMITED = 1_000_000

# How many points a prediction looks for beyond those asked for.
SPARE = 8

# A prediction is a run over all values: it serves until one more in so many has come.
VALUES_PER_STALE_VALUE = 400


class Replayed(Sampler):
    """Issues every point that the sequence is certain to need, as soon as it is certain.

    Option `max_extra`: the most speculative trials without a number at any one time. A point that
    the sequence asks for again gets another trial; the value that counts is that of its first.
    """

    def __init__(self, study: StudyPlan, ledger: Ledger) -> None:
        super().__init__(study)
        self._ledger = ledger
        self._max_extra = int(str(study.options.get("max_extra", UNLIMITED)))
        self._certain: Sequence[Visit] = ()
        self._n_told = -1  # length of the told sequence when `_certain` was computed
        self._likely: list[bytes] = []
        self._n_predicted = -1  # values known to the last prediction

    @abstractmethod
    def _look(self, told: Sequence[bytes]) -> Sequence[Visit]:
        """Return the visits that are certain, with the study's numbers.

        Args:
            told: Points of the sequence as far as it has ended, with those whose numbers the log
                does not show yet. Visits among `Ledger.told` may be left out.
        """

    @abstractmethod
    def _conditional(self) -> Sequence[bytes]:
        """Return points that are needed unless a new best value spares them."""

    @abstractmethod
    def _ahead(
        self, guess: Callable[[bytes], float], taken: Container[bytes], n_wanted: int
    ) -> list[bytes]:
        """Return points that are needed next if the guesses are right."""

    @abstractmethod
    def _asked(self) -> list[bytes]:
        """Return the sequence so far, from its start, as the values alone say it is."""

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Return the certain points that have no trial, and the numbers that became certain."""
        has_news, is_first = self._ledger.read(log), self._n_told < 0
        numbered: dict[int, int] = {}
        told = self._ledger.told
        while True:
            if has_news or len(told) > self._n_told:
                self._certain, self._n_told = self._look(told), len(told)
            proposals, found = self._compare()
            numbered |= found
            told = self._ledger.told_with(numbered)
            if len(told) == self._n_told:
                break
        if is_first:
            self._warn(log)
        return Plan(proposals, numbered, is_finished=len(told) >= self.study.n_trials)

    def _compare(self) -> tuple[tuple[Proposal, ...], dict[int, int]]:
        """Match the certain visits with the log: points without a trial, trials without a number.

        In a log of another library a number may belong to another point: that is left so.
        """
        proposals: list[Proposal] = []
        numbered: dict[int, int] = {}
        for visit in self._certain:
            if visit.index is not None and self._ledger.is_placed(visit.index):
                continue
            index = self._ledger.trial_of(visit.key, visit.turn, is_placed=visit.index is None)
            if index is None:
                proposals.append(Proposal(self._ledger.point(visit.key), visit.index))
            elif visit.index is not None:
                numbered[index] = visit.index
        return tuple(proposals), numbered

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...]:
        """Return conditional points (a new best value alone spares them), then predicted ones."""
        plan = self.plan(log)
        room = min(n_free, self._max_extra - self._ledger.n_extra)
        if room <= 0 or plan.is_finished:
            return ()
        taken = _Either(self._ledger.trials, {visit.key for visit in self._certain})
        sure = [key for key in dict.fromkeys(self._conditional()) if key not in taken][:room]
        guessed = self._predicted(taken, room - len(sure), set(sure))
        return tuple(
            Proposal(self._ledger.point(key), None, certainty)
            for certainty, keys in ((Certainty.CONDITIONAL, sure), (Certainty.PREDICTED, guessed))
            for key in keys
        )

    def _predicted(self, taken: Container[bytes], n: int, excluded: set[bytes]) -> list[bytes]:
        """Return up to `n` predicted points, from the last prediction while that serves."""
        if n == 0:
            return []
        n_values = len(self._ledger.values)
        found = [key for key in self._likely if key not in taken and key not in excluded]
        n_new = n_values - self._n_predicted
        if n_new > n_values // VALUES_PER_STALE_VALUE or (len(found) < n and n_new > 0):
            guess = Guess(self._ledger.values)
            self._likely = self._ahead(guess, taken, len(excluded) + n + SPARE)
            self._n_predicted = n_values
            found = [key for key in self._likely if key not in excluded]
        return found[:n]

    def not_asked(self, log: Sequence[Entry]) -> list[int]:
        """Return the indices of trials that the sequence does not ask for, with these values.

        Args:
            log: As the last call of `plan` has seen it. Trials with a number, and speculative
                ones, are not looked at.
        """
        return self._strangers(log, self._asked())

    def _strangers(self, log: Sequence[Entry], asked: Sequence[bytes]) -> list[int]:
        known = set(asked)
        certain = (i for i, e in enumerate(log) if e.number is None and not e.is_speculative)
        return [index for index in certain if self._ledger.key(log[index].point) not in known]

    def _warn(self, log: Sequence[Entry]) -> None:
        """Log a warning if another library wrote the log, which may order ties differently."""
        if not log:
            return
        asked, told = self._asked(), self._ledger.told
        n_strange = sum(mine != its for mine, its in zip(asked, told, strict=False))
        n_strange += len(self._strangers(log, asked))
        if n_strange:
            logger.warning("the log has %d points that this replay does not ask for", n_strange)


class _Either:
    """Two containers as one."""

    def __init__(self, first: Container[bytes], second: Container[bytes]) -> None:
        self._first, self._second = first, second

    def __contains__(self, key: object) -> bool:
        return key in self._first or key in self._second
