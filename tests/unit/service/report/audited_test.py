"""What the audit of short trainings found; oracles: repetition, scipy, enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import spearmanr

from service.report.audited import Audited, audit_of, rank_correlation
from service.spec import Fidelity
from service.states import Phase, TrialState
from service.studies import audit
from tests.support.built_reports import report_of
from tests.support.report_records import Log, spec_of

FIDELITY = Fidelity(search_fraction=0.5, promote=3, audit=5)


def search_of(ranks: list[float], losses: list[float], weights: list[float]) -> Audited:
    is_audited = np.arange(len(ranks)) >= 3
    return Audited(np.array(ranks), np.array(losses), np.array(weights), is_audited)


def test_weights_are_repetitions() -> None:
    """A training that stands for three is as if three were known."""
    ranks, losses, weights = [0.1, 0.2, 0.4, 0.6, 0.9], [3.0, 1.0, 4.0, 4.0, 9.0], [1, 1, 3, 2, 4]
    found = rank_correlation([search_of(ranks, losses, list(map(float, weights)))])
    # Pearson's of the short ranks as they are and the mid-ranks of the repeated losses.
    x, y = np.repeat(ranks, weights), np.repeat(losses, weights)
    mid = [np.sum(y < v) + np.sum(y == v) / 2 for v in y]
    assert found == pytest.approx(np.corrcoef(x, mid)[0, 1])


def test_with_all_trainings_in_full_it_is_spearmans() -> None:
    losses = np.random.default_rng(0).normal(size=9).tolist()
    ranks = [(k + 0.5) / 9 for k in range(9)]
    found = rank_correlation([search_of(ranks, losses, [1.0] * 9)])
    assert found == pytest.approx(spearmanr(ranks, losses).statistic)


def test_over_all_draws_it_is_nearly_right() -> None:
    """All 3 * 3 * 4 samples of a search of 13, 3 of them promoted."""
    full = np.array([1.0, 3.0, 2.0, 6.0, 4.0, 5.0, 9.0, 12.0, 8.0, 7.0, 13.0, 10.0, 11.0])
    strata = audit.strata(10, 3)
    weights = [1.0] * 3 + [float(len(ranks)) for ranks in strata]
    found = []
    for drawn in product(*strata):
        kept = [0, 1, 2, *(3 + rank for rank in drawn)]
        one = search_of([(k + 0.5) / 13 for k in kept], full[kept].tolist(), weights)
        found.append(rank_correlation([one]) or 0.0)
    assert np.mean(found) == pytest.approx(spearmanr(range(13), full).statistic, abs=0.06)


def test_differences_between_searches_do_not_count() -> None:
    ranks, weights = [0.1, 0.3, 0.5, 0.7, 0.9], [1.0, 1.0, 1.0, 2.0, 2.0]
    low = search_of(ranks, [1.0, 3.0, 2.0, 5.0, 4.0], weights)
    high = search_of(ranks, [101.0, 103.0, 102.0, 105.0, 104.0], weights)
    assert rank_correlation([low, high]) == pytest.approx(rank_correlation([low]))


def test_nothing_to_rank_is_no_correlation() -> None:
    assert rank_correlation([]) is None
    assert rank_correlation([search_of([0.5] * 4, [1.0] * 4, [1.0] * 4)]) is None


def audited_log(full: dict[int, float | None], n: int = 13) -> Log:
    """A search of n short trainings, the better the lower the number; in full those of `full`."""
    log = Log(spec_of(fidelity=FIDELITY.model_dump(), budget={"n_trials": n}))
    for number in range(n):
        log.trial("random", number, 1.0 + number, point=[number / 100])
    for rank, (number, value) in enumerate(full.items()):
        state = {"value": 1000.0, "is_diverged": True} if value is None else {"value": value}
        log.trial("random", rank, point=[number / 100], phase=Phase.PROMOTION, **state)
    log.best["random"] = log.trials[n]
    return log


FULL = {0: 0.5, 1: 0.4, 2: 0.6, 3: 0.7, 5: 0.3, 8: 0.9, 10: None, 12: None}


def test_a_report_says_what_the_short_trainings_missed() -> None:
    found = report_of(audited_log(FULL))["fidelity"]
    audited = found["audit"]
    assert (audited["n"], audited["n_better"], audited["n_searches"]) == (5, 1, 1)
    # The strata of the ten others have 2 each; trainings that diverged are the worst, alike.
    weights = [1, 1, 1, 2, 2, 2, 2, 2]
    x = np.repeat(np.array(list(FULL)) + 0.5, weights)
    y = np.repeat([value if value is not None else 99.0 for value in FULL.values()], weights)
    mid = [np.sum(y < v) + np.sum(y == v) / 2 for v in y]
    expected = np.corrcoef(x, mid)[0, 1]
    assert audited["rank_correlation"] == pytest.approx(expected)
    assert found["words"].endswith(
        "Of 5 audited trainings, 1 ended better in full than every promoted one of its search. "
        f"Over all points of a search, the rank correlation of short and full losses is about "
        f"{expected:.2f}."
    )
    # The favourites are those that were promoted.
    assert (found["favourites"]["n_kept"], found["n_promoted"]) == (0, 3)
    assert found["favourites"]["cost"] == pytest.approx(0.25)


def test_below_eight_full_trainings_only_the_misses_are_counted() -> None:
    few = dict(list(FULL.items())[:7])
    found = report_of(audited_log(few))["fidelity"]["audit"]
    assert (found["n"], found["n_better"], found["rank_correlation"]) == (4, 1, None)
    assert found["words"].startswith("Of 4 audited trainings, 1 ended better")


def test_the_order_of_arrival_and_the_unit_of_the_loss_change_nothing() -> None:
    log = audited_log(FULL)
    found = audit_of(FIDELITY, log.trials)
    assert audit_of(FIDELITY, list(reversed(log.trials))) == found
    scaled = audited_log({k: v and 1e-6 * v for k, v in FULL.items()})
    assert audit_of(FIDELITY, scaled.trials) == found


def test_equal_searches_count_once_and_errors_not_at_all() -> None:
    log = audited_log(FULL)
    failed = log.trial("random", 7, None, point=[0.11], phase=Phase.PROMOTION,
                       state=TrialState.FAILED)  # fmt: skip
    found = audit_of(FIDELITY, log.trials)
    assert found == audit_of(FIDELITY, [t for t in log.trials if t is not failed])


def test_without_an_audit_there_is_none() -> None:
    log = audited_log(FULL)
    assert audit_of(Fidelity(search_fraction=0.5, promote=8), log.trials) is None
