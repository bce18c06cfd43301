"""Answers that would end a whole job if they became trials are refused, and say why."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from densearch.sampler import Certainty, Entry, Plan, Proposal, StudyPlan
from service.samplers.answers import BadAnswerError, require_plan, require_proposal

STUDY = StudyPlan(dimension=2, n_trials=4, seed=0)
LOG = [Entry((0.5, 0.5), 1.0, 0), Entry((0.25, 0.5), None, None)]
GOOD = Plan((Proposal((0.0, 1.0), 2), Proposal((np.float64(0.5), 0.1), None)), {1: 1})


def judged(plan: object, log: list[Entry] = LOG) -> Plan:
    return require_plan(plan, STUDY, log, {e.number for e in log if e.number is not None})


def test_a_good_answer_is_returned_as_it_is() -> None:
    assert judged(GOOD) is GOOD
    assert judged(Plan()) == Plan()  # it waits for the trial that is open


@pytest.mark.parametrize(
    "point",
    [
        (0.5,), (0.5, 0.5, 0.5), (0.5, 1.5), (-1e-9, 0.5), (0.5, math.nan), (0.5, math.inf),
        [0.5, 0.5], "ab", ("a", "b"), None, 0.5, np.array([0.5, 0.5]), (0.5, 1j),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_point_of_the_cube_is_refused(point: object) -> None:
    proposal = Proposal(point, 2)  # type: ignore[arg-type]
    with pytest.raises(BadAnswerError, match="no point of the unit cube of 2 coordinates"):
        judged(Plan((proposal,), {1: 1}))
    with pytest.raises(BadAnswerError, match="no point of the unit cube"):
        require_proposal(proposal, STUDY)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("0.5, 0.5", "which is no plan"),
        (None, "None, which is no plan"),
        (Plan([Proposal((0.5, 0.5), 2)]), "which is no plan"),  # type: ignore[arg-type]
        (Plan(numbered=[1]), "which is no plan"),  # type: ignore[arg-type]
        (Plan(((0.5, 0.5),)), "which is no proposal"),  # type: ignore[arg-type]
        (Plan((Proposal((0.5, 0.5), 2, "sure"),)), "which is no proposal"),  # type: ignore[arg-type]
        (Plan((Proposal((0.5, 0.5), 4),)), "4 is no number below 4"),
        (Plan((Proposal((0.5, 0.5), 2.0),)), "2.0 is no number below 4"),  # type: ignore[arg-type]
        (Plan((Proposal((0.5, 0.5), 0),)), "two trials would have the number 0"),
        (Plan((Proposal((0.5, 0.5), 1),), {1: 1}), "two trials would have the number 1"),
        (Plan(numbered={0: 1}), "numbers a trial 0, which waits for no number"),
        (Plan(numbered={2: 1}), "numbers a trial 2, which waits for no number"),
        (Plan(numbered={1: -1}), "-1 is no number below 4"),
        (Plan((Proposal((0.5, 0.5), None),) * 4), "it proposes 4 trials, and 3 of the 4"),
        (Plan(is_finished=True), "it calls the search finished, and 3 trials are left"),
    ],
)
def test_what_is_no_plan_of_the_study_is_refused(plan: object, words: str) -> None:
    with pytest.raises(BadAnswerError) as caught:
        judged(plan)
    assert words in str(caught.value)


def test_a_search_that_stands_still_is_refused() -> None:
    ended = [replace(entry, value=1.0, number=i) for i, entry in enumerate(LOG)]
    with pytest.raises(BadAnswerError, match="proposes nothing, and no trial is left"):
        judged(Plan(), ended)
    whole = [Entry((0.5, 0.5), 1.0, i) for i in range(4)]
    assert judged(Plan(is_finished=True), whole).is_finished


def test_points_ahead_of_need_have_no_number_and_count_for_nothing() -> None:
    require_proposal(Proposal((0.5, 0.5), None, Certainty.PREDICTED), STUDY)
