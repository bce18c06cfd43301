"""The cost of a search: trainings counted once, short and pruned ones as parts."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest

from service.report.search_cost import search_cost_of
from service.states import Phase, TrialState
from service.studies.resolved import TrainingJob
from tests.support.report_records import Log, spec_of


def test_counts_searches_and_promotions_once() -> None:
    spec = spec_of(
        training={"epochs": 8},
        fidelity={"search_fraction": 0.5, "promote": 1},
        resources={"cpus_per_trial": 2},
    )
    log = Log(spec)
    half = {"training": {"epochs": 4}, "network": {}}
    whole = {"training": {"epochs": 8}, "network": {}}
    log.trial("random", 0, 0.5, payload=half, digest="a")
    log.trial("uniform", 0, 0.6, payload=half, digest="a")  # the same training
    log.trial("random", 1, 0.7, payload=half, state=TrialState.PRUNED, curve=[1.0, 0.9])
    log.trial("random", 2, None, payload=half, state=TrialState.FAILED)
    log.trial("random", 0, 0.4, payload=whole, phase=Phase.PROMOTION)
    log.tests("random", 0.5, 0.6, payload=whole)
    assert isinstance(log.resolved, TrainingJob)
    found = search_cost_of(log.resolved, log.trials)
    assert found.n_trainings == 3
    assert found.full_trainings == pytest.approx(0.5 + 0.25 + 1.0)
    assert found.core_s == pytest.approx(2 * 3 * 2.0)


def test_depends_on_neither_the_order_of_trials_nor_who_shares_a_training() -> None:
    """Trials come in the order in which workers end them; one study stops what another trains."""
    log = Log(spec_of(training={"epochs": 9}))
    whole = {"training": {"epochs": 9}, "network": {}}
    stopped = {"payload": whole, "state": TrialState.PRUNED}
    log.trial("random", 0, 0.5, payload=whole, digest="shared")
    log.trial("uniform", 0, 0.6, curve=[1.0], digest="shared", **stopped)
    for number, n_epochs in enumerate((1, 2, 4, 7), start=1):
        log.trial("random", number, 0.7, curve=[1.0] * n_epochs, **stopped)
    assert isinstance(log.resolved, TrainingJob)
    found = {search_cost_of(log.resolved, trials) for trials in permutations(log.trials)}
    (one,) = found
    assert one.n_trainings == 5
    assert one.full_trainings == pytest.approx(float(1 + Fraction(1 + 2 + 4 + 7, 9)))
