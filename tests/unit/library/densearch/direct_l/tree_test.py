"""Which points of a run are certain: whatever the missing values turn out to be."""

from __future__ import annotations

import random
from dataclasses import replace

import nlopt
import pytest

from densearch.direct_l.ledger import Ledger
from densearch.direct_l.replay import Algorithm
from densearch.direct_l.tree import Tree
from densearch.sampler import Entry
from tests.support.nlopt_runs import Point, visited
from tests.support.sampler_behaviour import bowl

N = 41


class Grown:
    """A tree over a log, to which values are added."""

    def __init__(self, lower_bound: float | None = None) -> None:
        self.ledger, self.log = Ledger(2), list[Entry]()
        self.tree = Tree(Algorithm(2, 1e-4), N, self.ledger, lower_bound)

    def know(self, points: list[Point], *, n_valued: int | None = None) -> None:
        """Let the first visits be in the log, some of them with their values."""
        n_valued = len(points) if n_valued is None else n_valued
        for number in range(len(self.log), len(points)):
            self.log.append(Entry(points[number], None, number))
        for number in range(n_valued):
            self.log[number] = replace(self.log[number], value=bowl(points[number]))
        self.ledger.read(self.log)
        self.tree.confirm(self.ledger.told)
        self.tree.look()

    def certain(self) -> list[Point]:
        return [self.ledger.point(visit.key) for visit in self.tree.certain]


@pytest.fixture(scope="module")
def sequence() -> list[Point]:
    return visited(nlopt.GN_DIRECT_L, (0.5, 0.5), N, bowl, magic_eps=1e-4)


def test_the_first_division_is_certain_before_any_value(sequence: list[Point]) -> None:
    grown = Grown()
    grown.know([])
    assert grown.certain() == sequence[:5]
    assert [visit.index for visit in grown.tree.certain] == list(range(5))
    assert grown.tree.conditional == []


@pytest.mark.parametrize("bound", [None, 0.0])
@pytest.mark.parametrize("n", [5, 13, 25, 33])
def test_what_is_certain_is_visited_whatever_the_missing_values_are(
    sequence: list[Point], n: int, bound: float | None
) -> None:
    grown = Grown(bound)
    grown.know(sequence[:n], n_valued=n - 2)
    certain = grown.tree.certain
    assert certain
    generator = random.Random(n)
    known = {point: bowl(point) for point in sequence[: n - 2]}
    least = -5.0 if bound is None else bound
    for _ in range(5):
        values = dict(known)

        def objective(point: Point, values: dict[Point, float] = values) -> float:
            # Above all others, or the least of all: both change what is divided next.
            return values.setdefault(point, generator.choice([least, generator.uniform(0.0, 2.0)]))

        run = visited(nlopt.GN_DIRECT_L, (0.5, 0.5), N, objective, magic_eps=1e-4)
        for visit in certain:
            point = grown.ledger.point(visit.key)
            assert point in run
            if visit.index is not None:
                assert run[visit.index] == point


def test_a_true_bound_makes_no_less_certain(sequence: list[Point]) -> None:
    for n in (7, 11, 17):
        plain, bounded = Grown(), Grown(0.0)
        for grown in (plain, bounded):
            grown.know(sequence[:n], n_valued=n - 2)
        assert len(bounded.tree.certain) >= len(plain.tree.certain)


def test_certain_and_conditional_points_are_different_ones(sequence: list[Point]) -> None:
    grown = Grown()
    grown.know(sequence[:13], n_valued=9)
    certain = {visit.key for visit in grown.tree.certain}
    assert certain.isdisjoint(grown.tree.conditional)
    assert grown.ledger.key(sequence[9]) in certain, "the next visit cannot be spared"


def test_it_looks_again_where_a_value_tells_something_new_alone(sequence: list[Point]) -> None:
    grown = Grown()
    grown.know(sequence[:13], n_valued=9)
    before = grown.tree.certain
    grown.tree.look()
    assert grown.tree.certain is before
    grown.know(sequence[:13])
    assert grown.tree.certain is not before


def test_it_has_asked_for_nlopts_sequence(sequence: list[Point]) -> None:
    grown = Grown()
    grown.know(sequence[:15])
    asked = [grown.ledger.point(key) for key in grown.tree.asked()]
    assert len(asked) > 15
    assert asked == sequence[: len(asked)]
