"""Which networks are kept."""

from __future__ import annotations

from service.orchestration.artifacts import keeps_weights
from service.states import Phase
from tests.support.runs import run_of


def test_the_first_evaluation_of_each_study_keeps_its_network() -> None:
    run, log = run_of()
    trials = [
        log.trial("random", 0),
        log.trial("random", 0, phase=Phase.EVALUATION),
        log.trial("random", 1, phase=Phase.EVALUATION),
        log.trial("uniform", 0, phase=Phase.EVALUATION),
    ]
    assert [keeps_weights(run.resolved, trial) for trial in trials] == [False, True, False, True]
