"""Which of the trainings that were not promoted are trained in full."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from service.studies import audit
from tests.support.report_records import Log, spec_of


@pytest.mark.parametrize(
    ("n_others", "n", "sizes"),
    [(13, 5, [2, 3, 2, 3, 3]), (13, 1, [13]), (3, 5, [1, 1, 1]), (0, 2, []), (4, 0, [])],
)
def test_strata_share_the_ranks(n_others: int, n: int, sizes: list[int]) -> None:
    found = audit.strata(n_others, n)
    assert [len(ranks) for ranks in found] == sizes
    assert [rank for ranks in found for rank in ranks] == list(range(n_others if n else 0))


def test_one_of_each_stratum_is_drawn_with_the_same_probability() -> None:
    log = Log(spec_of())
    others = [log.trial("random", number, 1.0 + number) for number in (7, 1, 5, 0, 3, 2)]
    study = log.studies["random"]
    counted = Counter(
        trial.number
        for seed in range(3000)
        for trial in audit.drawn(replace(study, seed=seed), others, 2)
    )
    assert sum(counted[number] for number in (7, 1, 5)) == 3000
    for times in counted.values():
        assert times == pytest.approx(1000, abs=4 * (3000 * 2 / 9) ** 0.5)


def test_losses_and_order_of_arrival_do_not_change_the_draw_of_a_stratum() -> None:
    first, second = (Log(spec_of()) for _ in range(2))
    numbers = [4, 2, 9, 6]
    ones = [first.trial("random", number, 1.0 + number) for number in numbers]
    for number in reversed(numbers):  # other ids and values
        second.trial("random", number, 5.0)
    others = list(reversed(second.trials))
    drawn = [audit.drawn(log.studies["random"], own, 2)
             for log, own in ((first, ones), (second, others))]  # fmt: skip
    assert [t.number for t in drawn[0]] == [t.number for t in drawn[1]]
