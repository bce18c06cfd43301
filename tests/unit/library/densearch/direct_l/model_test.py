"""Where model points stand in the sequence, and where in the cube."""

from __future__ import annotations

import numpy as np
import pytest

from densearch.direct_l.model import Places
from densearch.direct_l.model_points import GRID, ModelPoints
from densearch.sampler import Entry, StudyPlan
from service.samplers import create

MINIMISER = np.array([0.31, 0.62, 0.44])


def sampled(n: int) -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(4).random((n, 3))
    return points, ((points - MINIMISER) ** 2).sum(axis=1)


@pytest.mark.parametrize("dimension", [1, 2, 3, 8])
def test_tree_and_model_share_the_numbers_out(dimension: int) -> None:
    places = Places(dimension)
    n_models = places.n_models(200)
    tree = [places.of_tree(index) for index in range(200 - n_models)]
    models = [places.of_model(turn) for turn in range(n_models)]
    assert sorted(tree + models) == list(range(200))
    assert all(places.is_model(number) for number in models)
    assert not any(places.is_model(number) for number in tree)
    assert n_models == (0 if dimension < 3 else (200 - 2 * dimension - 1) // 4)


def test_it_goes_where_the_values_are_least() -> None:
    points, values = sampled(60)
    found = ModelPoints(points, values, np.empty((0, 3))).propose(seed=1, turn=0)
    assert np.abs(np.array(found) - MINIMISER).max() < 0.05
    assert ((np.array(found) - MINIMISER) ** 2).sum() < values.min()


def test_it_keeps_apart_from_what_is_running() -> None:
    points, values = sampled(60)
    first = ModelPoints(points, values, np.empty((0, 3))).propose(seed=1, turn=0)
    second = ModelPoints(points, values, np.array([first])).propose(seed=1, turn=0)
    assert np.linalg.norm(np.array(first) - np.array(second)) > 0.01


def test_its_grid_is_not_the_trees() -> None:
    points, values = sampled(20)
    for turn in range(5):
        found = ModelPoints(points, values, np.empty((0, 3))).propose(seed=turn, turn=turn)
        assert all(float(x / GRID) % 2 == 1.0 for x in found)
        assert all(0.0 < x < 1.0 for x in found)
        assert 0.5 not in found


def test_a_model_point_of_the_log_is_taken_as_it_is() -> None:
    study = StudyPlan(3, 60, 5, batch_size=2)
    sampler, log = create("direct_l_model", study), list[Entry]()
    foreign = (0.111, 0.222, 0.333)
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = Entry(log[index].point, log[index].value, number)
        for proposal in plan.proposals:
            point = foreign if proposal.number == 10 else proposal.point
            log.append(Entry(point, None, proposal.number))
        index = next(i for i, e in enumerate(log) if e.value is None)
        log[index] = Entry(log[index].point, sum(log[index].point), log[index].number)
        sampler = create("direct_l_model", study)
    assert [e.point for e in log if e.number == 10] == [foreign]
    assert {plan.numbered.get(i, e.number) for i, e in enumerate(log)} == set(range(60))
    assert len(log) == 60
