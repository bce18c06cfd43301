"""Which of a study's best is chosen, by the mean over several validation seeds."""

from __future__ import annotations

import pytest

from service.records import Trial
from service.states import Phase, TrialState
from service.studies.finalists import best_finalist
from tests.support.report_records import Log, spec_of

WORST = 1000.0


@pytest.fixture
def log() -> Log:
    return Log(spec_of())


def first(log: Log, place: float, value: float, constant: float | None = None) -> Trial:
    metrics = {"loss": value} if constant is None else {"loss": value, "constant_loss": constant}
    return log.trial("random", int(10 * place), value, point=[place], metrics=metrics)


def again(log: Log, place: float, number: int, value: float | None = None) -> Trial:
    """A further seed; None is one that diverged."""
    if value is None:
        return log.trial(
            "random", number, WORST, point=[place], phase=Phase.CONFIRMATION, is_diverged=True
        )
    return log.trial("random", number, value, point=[place], phase=Phase.CONFIRMATION)


def test_the_mean_over_the_seeds_chooses_not_the_luckiest_seed(log: Log) -> None:
    firsts = [first(log, 0.1, 1.0), first(log, 0.2, 1.1)]
    seeds = [
        again(log, 0.1, 0, 1.6),
        again(log, 0.2, 1, 1.2),
        again(log, 0.1, 2, 1.0),
        again(log, 0.2, 3, 1.0),
    ]
    chosen = best_finalist(firsts, seeds, WORST)
    assert chosen is not None
    assert chosen.id == firsts[1].id
    assert chosen.value == pytest.approx(1.1)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_arrival_changes_nothing(log: Log, order: int) -> None:
    firsts = [first(log, 0.1, 1.0), first(log, 0.2, 1.0)]
    seeds = [again(log, 0.1, 0, 1.0), again(log, 0.2, 1, 1.0)]
    chosen = best_finalist(firsts[::order], seeds[::order], WORST)
    assert chosen is not None
    assert chosen.id == firsts[0].id  # of equals the one with the lower number


def test_one_that_diverges_counts_with_the_loss_of_a_constant_output(log: Log) -> None:
    firsts = [first(log, 0.1, 0.8, constant=2.3), first(log, 0.2, 0.9, constant=2.3)]
    seeds = [again(log, 0.1, 0), again(log, 0.2, 1, 0.9)]
    chosen = best_finalist(firsts, seeds, WORST)
    assert chosen is not None
    assert chosen.id == firsts[1].id
    assert chosen.value == pytest.approx(0.9)
    alone = best_finalist(firsts[:1], seeds[:1], WORST)
    assert alone is not None
    assert alone.value == pytest.approx((0.8 + 2.3) / 2)


def test_where_no_constant_output_is_known_it_counts_with_the_worst_value(log: Log) -> None:
    alone = best_finalist([first(log, 0.1, 1.0)], [again(log, 0.1, 0)], WORST)
    assert alone is not None
    assert alone.value == pytest.approx((1.0 + WORST) / 2)


def test_a_seed_that_ended_with_an_error_is_left_out(log: Log) -> None:
    failed = log.trial(
        "random", 0, None, point=[0.1], phase=Phase.CONFIRMATION, state=TrialState.FAILED
    )
    alone = best_finalist([first(log, 0.1, 1.0)], [failed, again(log, 0.1, 1, 2.0)], WORST)
    assert alone is not None
    assert alone.value == pytest.approx(1.5)


def test_none_is_chosen_where_none_gave_a_value(log: Log) -> None:
    diverged = log.trial("random", 0, WORST, is_diverged=True, point=[0.1])
    assert best_finalist([diverged], [again(log, 0.1, 0, 1.0)], WORST) is None
