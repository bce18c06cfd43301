"""Any function, width, order of arrival and restart: the sequence is that of NLopt."""

from __future__ import annotations

import math
from collections.abc import Callable

import nlopt
import optuna
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution, FloatDistribution

from densearch.optuna import DirectLSampler
from tests.support.nlopt_runs import visited

N_TRIALS = 25
FUNCTIONS: dict[str, Callable[[tuple[float, ...]], float]] = {
    "bowl": lambda p: sum((x - 0.3) ** 2 * (i + 1) for i, x in enumerate(p)),
    "waves": lambda p: sum(math.sin(13 * x) + x for x in p),
    "steps": lambda p: float(sum(round(4 * x) for x in p)),
    "flat": lambda p: 0.0 * p[0],
    "rough": lambda p: math.modf(1e4 * math.sin(sum((i + 3) * x for i, x in enumerate(p))))[0],
}


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(FUNCTIONS)),
    dimension=st.integers(1, 4),
    width=st.integers(1, 6),
    restart=st.integers(0, N_TRIALS),
    data=st.data(),
)
def test_the_sequence_is_that_of_nlopt(
    name: str, dimension: int, width: int, restart: int, data: st.DataObject
) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    function, names = FUNCTIONS[name], [f"x{i}" for i in range(dimension)]
    space: dict[str, BaseDistribution] = {x: FloatDistribution(0.0, 1.0) for x in names}
    sampler = DirectLSampler(space, n_trials=N_TRIALS)
    study = optuna.create_study(sampler=sampler)
    running: list[optuna.Trial] = []
    while not sampler.is_finished(study):
        while len(running) < width:
            running.append(study.ask(space))
        ended = running.pop(data.draw(st.integers(0, width - 1)))
        study.tell(ended, function(tuple(ended.params[name] for name in names)))
        if len(study.trials) == restart:
            study.sampler = sampler = DirectLSampler(space, n_trials=N_TRIALS)
    run = visited(nlopt.GN_DIRECT_L, (0.5,) * dimension, N_TRIALS, function, magic_eps=1e-4)
    sequence = sampler.sequence(study)
    assert [tuple(t.params[name] for name in names) for t in sequence] == run[:N_TRIALS]
