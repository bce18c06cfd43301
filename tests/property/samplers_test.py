"""Whatever the values: what DIRECT-L issues is what the finished sequence contains."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.samplers import Entry, StudyPlan, create

VALUES = st.floats(0.0, 1e6, allow_subnormal=False) | st.sampled_from([0.0, 1.0, 1e6])


@settings(max_examples=60, deadline=None)
@given(
    dimension=st.integers(1, 4),
    n_trials=st.integers(1, 40),
    values=st.lists(VALUES, min_size=40, max_size=40),
    data=st.data(),
)
def test_a_budget_of_n_is_n_numbers(
    dimension: int, n_trials: int, values: list[float], data: st.DataObject
) -> None:
    study = StudyPlan(dimension, n_trials, 0, lower_bound=data.draw(st.sampled_from([None, 0.0])))
    sampler, log = create("direct_l", study), list[Entry]()
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = Entry(log[index].point, log[index].value, number)
        log.extend(Entry(p.point, None, p.number) for p in plan.proposals)
        index = data.draw(st.sampled_from([i for i, e in enumerate(log) if e.value is None]))
        log[index] = Entry(log[index].point, values[index], log[index].number)
    numbers = [plan.numbered.get(i, e.number) for i, e in enumerate(log)]
    assert sorted(n for n in numbers if n is not None) == list(range(n_trials))
    fresh = create("direct_l", study).plan(log)
    assert fresh == plan
