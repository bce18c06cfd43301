"""Where model points stand in the sequence."""

from __future__ import annotations

import pytest

from densearch.direct_l.model import Places
from densearch.sampler import Entry, StudyPlan
from service.samplers import create


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


def test_model_points_do_not_see_the_size_of_a_penalty() -> None:
    def model_point(penalty: float, of: float | None) -> tuple[float, ...]:
        study = StudyPlan(3, 20, 5, batch_size=2, penalty=of)
        sampler, log = create("direct_l_model", study), list[Entry]()
        while True:
            plan = sampler.plan(log)
            for index, number in plan.numbered.items():
                log[index] = Entry(log[index].point, log[index].value, number)
            for one in plan.proposals:
                if one.number == 10:  # the first of the model
                    return one.point
                value = penalty if one.point[0] > 0.4 else sum(one.point)
                log.append(Entry(one.point, value, one.number))
            assert len(log) < 20

    assert model_point(1e3, 1e3) == model_point(1e9, 1e9)
    # A study that an older version began takes the penalty itself, to its end.
    assert model_point(1e3, None) != model_point(1e3, 1e3)
