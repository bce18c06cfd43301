"""Parallel DIRECT-L that visits, point for point, what sequential NLopt visits.

Source: Gablonsky and Kelley (2001), as NLopt's cdirect.c runs it. Which points are certain is in
docs/adr/0003-direct-l-by-replay.md, what idle workers get in docs/adr/0008-speculation.md;
tests/contracts/library/densearch/direct_l holds both samplers to NLopt.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from densearch.direct_l.ledger import Ledger
from densearch.direct_l.replay import Algorithm
from densearch.direct_l.replayed import Replayed
from densearch.direct_l.tree import Tree, Visit
from densearch.sampler import StudyPlan

MAGIC_EPS = 1e-4
MOST_TRIALS = 2**31 - 2  # NLopt counts evaluations in 32 bits


def algorithm_of(study: StudyPlan, seed: int | None = None) -> Algorithm:
    """Return the DIRECT-L that a study asks for; with a seed, the one that draws its sides."""
    return Algorithm(study.dimension, float(str(study.options.get("magic_eps", MAGIC_EPS))), seed)


class DirectL(Replayed):
    """GN_DIRECT_L, whose certain points are issued at once and whose likely ones idle workers get.

    Options: `magic_eps`, Jones' epsilon; `max_extra` (`Replayed`). The study's `lower_bound` must
    be true: it nearly doubles the certain points in few dimensions.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study, Ledger(study.dimension))
        self._tree = Tree(self._algorithm(), study.n_trials, self._ledger, study.lower_bound)

    def _algorithm(self) -> Algorithm:
        return algorithm_of(self.study)

    def _look(self, told: Sequence[bytes]) -> Sequence[Visit]:
        del told
        self._tree.confirm(self._ledger.told)
        self._tree.look()
        return self._tree.certain

    def _conditional(self) -> Sequence[bytes]:
        return self._tree.conditional

    def _ahead(
        self, guess: Callable[[bytes], float], taken: Container[bytes], n_wanted: int
    ) -> list[bytes]:
        return self._tree.ahead(guess, taken, n_wanted)

    def _asked(self) -> list[bytes]:
        return self._tree.asked()


class DirectLRand(DirectL):
    """GN_DIRECT_L_RAND: divides one of a rectangle's longest sides, drawn by the study's seed."""

    def _algorithm(self) -> Algorithm:
        return algorithm_of(self.study, self.study.seed)
