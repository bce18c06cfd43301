"""Whatever values, order and speculation: what is issued is what the finished sequence holds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from densearch.sampler import Entry, StudyPlan
from service.samplers import create

VALUES = st.floats(0.0, 1e6, allow_subnormal=False) | st.sampled_from([0.0, 1.0, 1e6])
FAMILY = ("direct_l", "direct_l_rand", "direct_l_bobyqa", "direct_l_model")


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(FAMILY),
    dimension=st.integers(1, 4),
    n_trials=st.integers(1, 40),
    values=st.lists(VALUES, min_size=40, max_size=40),
    data=st.data(),
)
def test_a_budget_of_n_is_n_numbers(
    name: str, dimension: int, n_trials: int, values: list[float], data: st.DataObject
) -> None:
    study = StudyPlan(dimension, n_trials, 0, lower_bound=data.draw(st.sampled_from([None, 0.0])))
    sampler, log = create(name, study), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = replace(log[index], number=number)
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        if n_free := data.draw(st.integers(0, 5)):
            likely = sampler.speculate(log, n_free)
            log.extend(Entry(p.point, None, None, is_speculative=True) for p in likely)
        index = data.draw(st.sampled_from([i for i, e in enumerate(log) if e.value is None]))
        log[index] = replace(log[index], value=values[index % 40])
    numbers = [plan.numbered.get(i, e.number) for i, e in enumerate(log)]
    assert sorted(n for n in numbers if n is not None) == list(range(n_trials))
    assert all(e.is_speculative for e, n in zip(log, numbers, strict=True) if n is None)
    fresh = create(name, study).plan(log)
    assert fresh == plan
