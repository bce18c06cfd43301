"""The exact DIRECT-L tree, and every fourth trial where a model of all values is least.

See docs/adr/0009-beyond-direct-l.md.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace

from densearch.direct_l.exact import algorithm_of
from densearch.direct_l.ledger import Ledger
from densearch.direct_l.model_points import ModelPoints, points_of
from densearch.direct_l.prediction import chosen
from densearch.direct_l.replayed import Replayed
from densearch.direct_l.tree import Tree, Visit
from densearch.sampler import StudyPlan
from densearch.sampler.penalties import softened
from densearch.seeds import derive

# Of every so many numbers after the first division the last is a model point.
PERIOD = 4

# In fewer dimensions the tree alone is as good: there are no model points.
FEWEST_DIMENSIONS = 3


class DirectLModel(Replayed):
    """GN_DIRECT_L's sequence, with points of a model at fixed places between its points.

    The first 2 d + 1 numbers are the tree's. A model point is computed from the values of the
    numbers that lie more than `batch_size` before it: with as many workers it waits for few of
    the running trials, and it is the same with any number of them. The tree never sees its value.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study, Ledger(study.dimension))
        self._places = Places(study.dimension)
        n_tree = study.n_trials - self._places.n_models(study.n_trials)
        self._tree = Tree(algorithm_of(study), n_tree, self._ledger, study.lower_bound)
        self._tree_told: list[bytes] = []  # as far as its numbers have ended
        self._models: list[bytes] = []
        self._n_settled = 0  # model points that are in the log, from the first

    def _look(self, told: Sequence[bytes]) -> Sequence[Visit]:
        # The tree runs ahead of the model points, so of what is told in the study's order.
        mine, ended = self._tree_told, self._ledger.ended
        while (key := ended(self._places.of_tree(len(mine)))) is not None:
            mine.append(key)
        self._tree.confirm(self._tree_told)
        self._tree.look()
        return [*map(self._placed, self._tree.certain), *self._model_visits(told)]

    def _placed(self, visit: Visit) -> Visit:
        if visit.index is None:
            return visit
        return replace(visit, index=self._places.of_tree(visit.index))

    def _model_visits(self, told: Sequence[bytes]) -> Iterator[Visit]:
        """Yield the model points that are due and not yet in the log."""
        turn = self._n_settled
        while (number := self._places.of_model(turn)) < self.study.n_trials:
            n_known = self._n_known(number)
            if len(self._models) == turn:
                if n_known > len(told) and not self._ledger.is_placed(number):
                    return
                self._models.append(self._model_point(turn, number, told[:n_known]))
            if not self._ledger.is_placed(number):
                yield Visit(self._models[turn], 0, number)
            elif self._n_settled == turn:
                self._n_settled += 1
            turn += 1

    def _n_known(self, number: int) -> int:
        """How many numbers a model point is computed from."""
        return max(number - self.study.batch_size, self._places.first)

    def _model_point(self, turn: int, number: int, told: Sequence[bytes]) -> bytes:
        logged = self._ledger.key_of(number)
        if logged is not None:  # as the log has it, whatever the machine that computed it
            return logged
        known = [self._ledger.values[key] for key in told]
        values = softened(known, self.study.penalty)
        points, modelled = chosen(dict(zip(told, values, strict=True)))
        running = self._models[self._places.n_models(len(told)) :]
        taken = points_of(running, self.study.dimension)
        proposer = ModelPoints(points, modelled, taken)
        seed = derive(self.study.seed, "model", number)
        return self._ledger.key(proposer.propose(seed, turn))

    def _conditional(self) -> Sequence[bytes]:
        return self._tree.conditional

    def _ahead(
        self, guess: Callable[[bytes], float], taken: Container[bytes], n_wanted: int
    ) -> list[bytes]:
        return self._tree.ahead(guess, taken, n_wanted)

    def _asked(self) -> list[bytes]:
        tree, models = iter(self._tree.asked()), iter(self._models)
        found: list[bytes] = []
        while (
            key := next(models if self._places.is_model(len(found)) else tree, None)
        ) is not None:
            found.append(key)
        return [*found, *tree]


class Places:
    """Which numbers of a study belong to the tree, and which to the model.

    Attributes:
        first: The number after the first division.
    """

    def __init__(self, dimension: int) -> None:
        self.first = 2 * dimension + 1
        self._has_models = dimension >= FEWEST_DIMENSIONS

    def is_model(self, number: int) -> bool:
        """Whether a number belongs to a model point."""
        after = number - self.first
        return self._has_models and after >= 0 and after % PERIOD == PERIOD - 1

    def n_models(self, n_trials: int) -> int:
        """Return how many numbers below a budget belong to model points."""
        return max(n_trials - self.first, 0) // PERIOD if self._has_models else 0

    def of_model(self, turn: int) -> int:
        """Return the number of a model point; beyond any budget where there are none."""
        return self.first + PERIOD * turn + PERIOD - 1 if self._has_models else 2**63

    def of_tree(self, index: int) -> int:
        """Return the number of a place of the tree."""
        after = index - self.first
        if not self._has_models or after < 0:
            return index
        return self.first + after // (PERIOD - 1) * PERIOD + after % (PERIOD - 1)
