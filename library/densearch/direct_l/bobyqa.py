"""DIRECT-L, then NLopt's BOBYQA from the best point: search far, then finish.

Sources: Gablonsky and Kelley (2001); Powell (2009), "The BOBYQA algorithm for bound constrained
optimization without derivatives". See docs/adr/0009-beyond-direct-l.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from densearch.direct_l.exact import algorithm_of
from densearch.direct_l.ledger import Ledger
from densearch.direct_l.replay import descent
from densearch.direct_l.replayed import Replayed
from densearch.direct_l.tree import Tree, Visit
from densearch.sampler import StudyPlan

SHARE = 0.5


class DirectLBobyqa(Replayed):
    """GN_DIRECT_L for a part of the budget, then LN_BOBYQA from the best of it.

    Option `share`: the part of the budget at submission that BOBYQA gets; the first division
    (2 d + 1 trials) always belongs to DIRECT-L. All that is added to a budget later is BOBYQA's.
    Where it converges before the budget is spent, DIRECT-L goes on from where it stopped.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study, Ledger(study.dimension))
        share = float(str(study.options.get("share", SHARE)))
        first = study.first_budget
        n_tree = max(first - round(share * first), 2 * study.dimension + 1)
        self._n_tree = min(n_tree, first, study.n_trials)
        self._tree = self._grown_to(self._n_tree)
        self._local: _Local | None = None  # once it is certain where it starts
        self._rest: Tree | None = None  # once the local search has converged

    def _grown_to(self, n_trials: int) -> Tree:
        study = self.study
        return Tree(algorithm_of(study), n_trials, self._ledger, study.lower_bound)

    def _look(self, told: Sequence[bytes]) -> Sequence[Visit]:
        self._tree.confirm(self._ledger.told[: self._n_tree])
        if len(told) < self._n_tree:
            self._tree.look()
            return self._tree.certain
        if self._local is None:
            n_left = self.study.n_trials - self._n_tree
            self._local = _Local(told[: self._n_tree], n_left, self._ledger.values)
        self._local.look(self._ledger.values)
        visits = [*self._tree.certain, *self._local.visits]
        if self._local.n_left > 0:
            visits.extend(self._resumed(told, self._local))
        return visits

    def _resumed(self, told: Sequence[bytes], local: _Local) -> Iterator[Visit]:
        """Yield what DIRECT-L visits after the local search, at its places in the study."""
        if self._rest is None:
            self._rest = self._grown_to(self._n_tree + local.n_left)
        self._rest.confirm(told[: self._n_tree])
        self._rest.look()
        n_local, turns = len(local.visits), Counter(visit.key for visit in local.visits)
        for visit in self._rest.certain:
            if visit.index is None or visit.index >= self._n_tree:
                index = None if visit.index is None else visit.index + n_local
                yield Visit(visit.key, visit.turn + turns[visit.key], index)

    def _conditional(self) -> Sequence[bytes]:
        if self._rest is not None:
            return self._rest.conditional
        return self._tree.conditional if self._local is None else ()

    def _ahead(
        self, guess: Callable[[bytes], float], taken: Container[bytes], n_wanted: int
    ) -> list[bytes]:
        if self._rest is not None:
            return self._rest.ahead(guess, taken, n_wanted)
        if self._local is not None:
            return []  # each point depends on all values before it, not on which are lower
        found = self._tree.ahead(guess, taken, n_wanted)
        return found + self._first_steps(taken, found)[: n_wanted - len(found)]

    def _first_steps(self, taken: Container[bytes], excluded: Sequence[bytes]) -> list[bytes]:
        """Return where a local search would begin if the best point known were to stay it."""
        values, n_left = self._ledger.values, self.study.n_trials - self._n_tree
        if not values or n_left == 0:
            return []
        start = min(values, key=values.__getitem__)
        keys = dict.fromkeys(descent(start, min(n_left, 2 * self.study.dimension + 1), {}).keys)
        return [key for key in keys if key not in taken and key not in excluded]

    def _asked(self) -> list[bytes]:
        local = [visit.key for visit in self._local.visits] if self._local else []
        rest = self._rest.asked()[self._n_tree :] if self._rest else []
        return self._tree.asked() + local + rest


class _Local:
    """The local search of a study, from the best of what came before it.

    Attributes:
        visits: What it is certain to ask for, with the study's numbers.
    """

    def __init__(
        self, before: Sequence[bytes], n_trials: int, values: Mapping[bytes, float]
    ) -> None:
        self.visits: list[Visit] = []
        self._n_before, self._n_trials = len(before), n_trials
        self._turns = Counter(before)
        self._start = min(before, key=values.__getitem__)  # the earliest of equals
        self._is_over = n_trials == 0

    @property
    def n_left(self) -> int:
        """Trials that it leaves to DIRECT-L; 0 until it has converged."""
        return self._n_trials - len(self.visits) if self._is_over else 0

    def look(self, values: Mapping[bytes, float]) -> None:
        """Run it over the values, unless it has ended."""
        if self._is_over:
            return
        run = descent(self._start, self._n_trials, values)
        self._is_over = run.is_over
        turns = self._turns.copy()
        self.visits = []
        for number, key in enumerate(run.keys, self._n_before):
            self.visits.append(Visit(key, turns[key], number))
            turns[key] += 1
