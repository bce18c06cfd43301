"""Which points of a DIRECT-L run are certain, and which are likely, while values are missing.

docs/adr/0003-direct-l-by-replay.md explains why they are certain, docs/adr/0008-speculation.md
which are likely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from densearch.direct_l.callbacks import Known
from densearch.direct_l.ledger import LARGEST_VALUE, Ledger
from densearch.direct_l.replay import Algorithm, Iteration, ahead, iteration


@dataclass(frozen=True, slots=True)
class Visit:
    """One place of a sequence.

    Attributes:
        key: The point.
        turn: How many places before it ask for the same point.
        index: The place from 0; None until it is certain.
    """

    key: bytes
    turn: int
    index: int | None


class Tree:
    """A run of DIRECT-L over the growing values of a ledger.

    Attributes:
        n_trials: The budget: where the run ends.
        certain: Visits that the run makes whatever the missing values are, in order, from the end
            of what was confirmed when they were looked for.
        conditional: Points of the present iteration that the run makes unless the best value
            falls.
    """

    def __init__(
        self, algorithm: Algorithm, n_trials: int, ledger: Ledger, lower_bound: float | None
    ) -> None:
        self.n_trials = n_trials
        self.certain: list[Visit] = []
        self.conditional: list[bytes] = []
        self._algorithm, self._ledger, self._lower_bound = algorithm, ledger, lower_bound
        self._confirmed: list[float] = []
        self._turns: Counter[bytes] = Counter()  # of the confirmed visits
        self._best = LARGEST_VALUE  # of the confirmed visits
        self._high: _High | None = None
        self._seen: tuple[int, float] | None = None

    def confirm(self, told: Sequence[bytes]) -> None:
        """Take in the points of the first visits, in their order, all of them with a value.

        From now on they are answered by their place and not by their point: that is faster, and
        it follows a log that was written by a library which orders ties differently.
        """
        n_whole = (len(told) - 1) // 2 * 2 + 1 if told else 0  # the centre and whole pairs
        for key in told[len(self._confirmed) : n_whole]:
            value = self._ledger.values[key]
            self._confirmed.append(value)
            self._turns[key] += 1
            self._best = min(self._best, value)

    def look(self) -> None:
        """Update `certain` and `conditional` if the values that have arrived can change them.

        The best value so far alone decides which rectangles of an iteration are divided, and a
        lower one only spares more of them. So the run is made with the unknown values as high and
        as low as can be: the low run's visits are needed whatever the values, a visit's index in
        the high run is the largest it can have, and as far as both agree from the start, so does
        the true one.
        """
        values = self._ledger.values
        if self._high is None or self._high.is_outdated(values):
            self._high = self._run_high()
            self._seen = None
        # From its first unknown point on, the low run compares with the bound alone.
        seen = (self._high.n_known(values), self._lowest())
        if seen != self._seen:
            self._seen = seen
            self._sort_out(self._high, self._low_keys(self._high))

    def ahead(
        self, guess: Callable[[bytes], float], taken: Container[bytes], n_wanted: int
    ) -> list[bytes]:
        """Return points that the run would ask for next if the guesses were right.

        Args:
            guess: The likely value of a point without a value.
            taken: Points to leave out.
            n_wanted: How many points to look for, above 0.
        """
        known = Known(self._confirmed, self._ledger.values)
        return ahead(self._algorithm, self.n_trials, known, guess, taken, n_wanted)

    def asked(self) -> list[bytes]:
        """Return every point that the run asks for so far, each answered by its point."""
        return self._run(0, self._ledger.highest + 1.0).keys

    def _run(self, n_confirmed: int, placeholder: float) -> Iteration:
        known = Known(self._confirmed[:n_confirmed], self._ledger.values)
        return iteration(self._algorithm, self.n_trials, known, placeholder)

    def _run_high(self) -> _High:
        run = self._run(len(self._confirmed), self._ledger.highest + 1.0)
        turns: Counter[bytes] = Counter()
        visits: list[Visit] = []
        for index, key in enumerate(run.keys, run.start):
            visits.append(Visit(key, self._turns[key] + turns[key], index))
            turns[key] += 1
        return _High(run.start, visits, self._best, self._ledger.values)

    def _low_keys(self, high: _High) -> list[bytes]:
        if high.n_known(self._ledger.values) == len(high.visits):
            return [visit.key for visit in high.visits]
        return self._run(high.start, self._lowest()).keys

    def _sort_out(self, high: _High, low: Sequence[bytes]) -> None:
        pairs = zip(high.visits, low, strict=False)
        n_agreed = sum(1 for _ in takewhile(lambda pair: pair[0].key == pair[1], pairs))
        self.certain = high.visits[:n_agreed]
        self.conditional = []
        # To skip a rectangle moves no other one, but where sides are drawn it shifts the draws.
        needed = Counter(low[n_agreed:] if self._algorithm.seed is None else ())
        for visit in high.visits[n_agreed:]:
            if needed[visit.key] > 0:
                needed[visit.key] -= 1
                self.certain.append(replace(visit, index=None))
            else:
                self.conditional.append(visit.key)

    def _lowest(self) -> float:
        """What no unknown value can be below."""
        bound = self._lower_bound
        if bound is None or self._ledger.lowest < bound:
            return -LARGEST_VALUE  # none is known, or what was stated has proved untrue
        return max(bound, -LARGEST_VALUE)


class _High:
    """The run with unknown values above all others, and whether it is still what it was."""

    def __init__(
        self, start: int, visits: list[Visit], best: float, values: Mapping[bytes, float]
    ) -> None:
        self.start, self.visits = start, visits
        self._unknown = {visit.key for visit in visits if visit.key not in values}
        self._is_whole = not self._unknown  # to the end of the budget
        self._n_known = 0
        n_known = self.n_known(values)
        self._best = min((best, *(values[visit.key] for visit in visits[:n_known])))

    def n_known(self, values: Mapping[bytes, float]) -> int:
        """Return how many visits have values before the first that has none."""
        visits = self.visits
        while self._n_known < len(visits) and visits[self._n_known].key in values:
            self._n_known += 1
        return self._n_known

    def is_outdated(self, values: Mapping[bytes, float]) -> bool:
        """Whether the iteration is over, or a new best value may spare some of its points."""
        arrived = [key for key in self._unknown if key in values]
        self._unknown.difference_update(arrived)
        is_over = not self._unknown and not self._is_whole
        return is_over or any(values[key] < self._best for key in arrived)
