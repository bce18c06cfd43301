"""Searches that ended before their budget was spent: their rows and sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service import states
from service.report.stopping import stopped_in_words, stopped_of
from tests.support.report_records import Log, spec_of


def test_a_row_for_each_search_that_ended_early_and_no_other() -> None:
    random, uniform = Log(spec_of(controls=["uniform"], budget={"n_trials": 9})).arms()
    random.record = replace(random.record, stopped_at=4, stopped_by=states.COST)
    assert stopped_of([random, uniform]) == [
        {"study": "random", "n_trials": 4, "n_planned": 9, "by": states.COST}
    ]


@pytest.mark.parametrize("limit", states.LIMITS)
def test_a_limit_is_named_once_with_all_that_it_ended(limit: str) -> None:
    rows = [{"study": name, "n_trials": n, "by": limit} for name, n in (("tpe", 7), ("grid", 0))]
    (sentence,) = stopped_in_words(rows)
    assert states.REASONS[limit] in sentence
    assert "tpe after 7 trials, grid after 0 trials" in sentence


def test_the_noise_is_no_limit_of_the_machine_and_needs_no_warning() -> None:
    assert stopped_in_words([{"study": "direct_l", "n_trials": 7, "by": states.NOISE}]) == []
    assert stopped_in_words([]) == []
