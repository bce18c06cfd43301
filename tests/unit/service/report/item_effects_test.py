"""Effects over seeds and items: intervals, their invariances, and why there is none."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from service.item_losses import LEAST_GROUPS, ItemLosses
from service.report.effects import effect_of
from service.report.item_effects import ItemEffect, item_effect_of

Array = NDArray[np.float64]
FEW = "at least 2 final trainings of both arms that count are needed"


def drawn(n_seeds: int, n_items: int, seed: int = 0, items: float = 0.1) -> tuple[Array, Array]:
    """Return the losses of two arms, (seeds, items) each, of items that differ in difficulty."""
    random = np.random.default_rng(seed)
    hard = np.exp(random.normal(size=n_items))
    ours, theirs = hard * np.exp(0.2 * random.normal(size=(2, n_seeds, n_items)))
    ours *= np.exp(items * random.normal(size=n_items) + 0.03 * random.normal(size=(n_seeds, 1)))
    return ours, theirs


def compared(
    ours: Array, theirs: Array, groups: NDArray[np.integer] | None = None, level: float = 0.05
) -> ItemEffect:
    rows = {f"a{i}": row for i, row in enumerate(ours)} | {
        f"b{i}": row for i, row in enumerate(theirs)
    }
    known = {digest: ItemLosses.of(row, groups) for digest, row in rows.items()}
    digests = [[name for name in rows if name[0] == arm] for arm in "ab"]
    return item_effect_of(digests[0], digests[1], known, level)


def table_of(ours: Array, theirs: Array) -> Array:
    """Return the effect of each seed and item to first order, (seeds, items)."""
    a, b = (x / x.mean(axis=1, keepdims=True) for x in (ours, theirs))
    found: Array = np.log(ours.mean(axis=1) / theirs.mean(axis=1))[:, None] + a - b
    return found


def test_the_interval_is_that_of_a_table_of_two_random_factors() -> None:
    ours, theirs = (x.astype(np.float32).astype(float) for x in drawn(5, 40))
    table = table_of(ours, theirs)
    rows, columns = stats.sem(table.mean(axis=1)) ** 2, stats.sem(table.mean(axis=0)) ** 2
    df = (rows + columns) ** 2 / (rows**2 / 4 + columns**2 / 39)  # Welch and Satterthwaite
    low, high = stats.t.interval(0.95, df, table.mean(), math.sqrt(rows + columns))
    found = compared(ours, theirs)
    assert (found.n_seeds, found.n_items, found.n_groups, found.unit) == (5, 40, 40, "ratio")
    assert found.change == pytest.approx(math.expm1(table.mean()))
    assert found.low == pytest.approx(math.expm1(low))
    assert found.high == pytest.approx(math.expm1(high))
    assert found.item_share == pytest.approx(columns / (rows + columns))
    assert found.reason is None


def test_its_variance_is_that_of_the_pigeonhole_bootstrap_but_for_the_residual() -> None:
    n_seeds, n_items, n_resamples = 12, 300, 8_000
    ours, theirs = drawn(n_seeds, n_items)
    random = np.random.default_rng(1)
    items = random.multinomial(n_items, np.ones(n_items) / n_items, n_resamples)
    seeds = random.multinomial(n_seeds, np.ones(n_seeds) / n_seeds, n_resamples) / n_seeds
    ratios = np.log(items @ ours.T / (items @ theirs.T))
    resampled = float((ratios * seeds).sum(axis=1).var())
    table = table_of(ours, theirs)
    means = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    residual = float(((table - means[0] - means[1] + table.mean()) ** 2).sum())
    rows, columns = (float(part.var()) / part.size for part in means)  # not corrected
    expected = rows + columns + residual / table.size**2
    assert resampled == pytest.approx(expected, rel=0.05)  # 3 standard errors of a variance
    corrected = rows * n_seeds / (n_seeds - 1) + columns * n_items / (n_items - 1)
    found = compared(ours, theirs)
    assert found.low is not None
    assert found.high is not None
    half = (math.log1p(found.high) - math.log1p(found.low)) / 2
    df = corrected**2 / (
        (rows * n_seeds / (n_seeds - 1)) ** 2 / (n_seeds - 1)
        + (columns * n_items / (n_items - 1)) ** 2 / (n_items - 1)
    )
    assert half == pytest.approx(stats.t.ppf(0.975, df) * math.sqrt(corrected), rel=1e-4)


def test_items_of_one_group_count_as_one() -> None:
    ours, theirs = drawn(4, 15)
    single = asdict(compared(ours, theirs))
    order = np.random.default_rng(2).permutation(45)
    groups = np.repeat(np.arange(15) * 7, 3)[order]
    repeated = [np.repeat(x, 3, axis=1)[:, order] for x in (ours, theirs)]
    grouped = asdict(compared(repeated[0], repeated[1], groups))
    assert grouped.pop("n_items") == 45
    assert grouped.pop("n_groups") == single.pop("n_groups") == single.pop("n_items") == 15
    assert grouped == pytest.approx(single)
    alone = compared(repeated[0], repeated[1])
    assert alone.item_share is not None
    assert alone.item_share < grouped["item_share"]


def test_the_order_of_seeds_and_items_and_the_unit_of_the_loss_change_nothing() -> None:
    ours, theirs = drawn(5, 30)
    random = np.random.default_rng(3)
    items, seeds = random.permutation(30), random.permutation(5)
    moved = [1024.0 * x[seeds][:, items] for x in (ours, theirs)]
    assert asdict(compared(moved[0], moved[1])) == pytest.approx(asdict(compared(ours, theirs)))


@given(
    st.integers(2, 12),
    st.integers(LEAST_GROUPS, 40),
    st.integers(0, 1000),
    st.floats(0.0, 1.0, allow_subnormal=False),  # trainings of this process may flush them
    st.sampled_from([0.05, 0.0195]),
)
@settings(max_examples=60, deadline=None)
def test_it_holds_the_interval_over_seeds(
    n_seeds: int, n_items: int, seed: int, spread: float, level: float
) -> None:
    ours, theirs = (
        x.astype(np.float32).astype(float) for x in drawn(n_seeds, n_items, seed, spread)
    )
    own, other = (dict(enumerate(x.mean(axis=1).tolist())) for x in (ours, theirs))
    alone = effect_of(own, other, level)
    found = compared(ours, theirs, level=level)
    assert alone is not None
    assert None not in (alone.low, alone.high, found.low, found.high)
    assert found.low <= alone.low + 1e-9  # type: ignore[operator]
    assert found.high >= alone.high - 1e-9  # type: ignore[operator]
    assert found.change == pytest.approx(alone.change, abs=1e-9)


def test_losses_below_zero_are_compared_by_differences() -> None:
    ours, theirs = drawn(6, 20)
    found = compared(ours - 3.0, theirs - 3.0)
    means = (theirs - 3.0).mean()
    differences = (ours - theirs).mean(axis=1) / abs(means)
    assert found.unit == "share"
    assert found.change == pytest.approx(differences.mean(), rel=1e-4)
    table = (ours - theirs) / abs(means)
    rows, columns = stats.sem(table.mean(axis=1)) ** 2, stats.sem(table.mean(axis=0)) ** 2
    df = (rows + columns) ** 2 / (rows**2 / 5 + columns**2 / 19)
    expected = stats.t.interval(0.95, df, table.mean(), math.sqrt(rows + columns))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-4)


def test_the_same_trainings_have_no_difference_on_any_item() -> None:
    ours, _ = drawn(3, 12)
    found = compared(ours, ours)
    assert (found.change, found.low, found.high, found.item_share) == (0.0, 0.0, 0.0, None)


def test_of_few_groups_or_seeds_no_interval_is_given() -> None:
    ours, theirs = drawn(5, 30)
    groups = np.arange(30) % (LEAST_GROUPS - 1)
    found = compared(ours, theirs, groups)
    assert (found.low, found.high, found.n_groups) == (None, None, 9)
    assert found.reason == "at least 10 groups of items are needed, and its items lie in 9 of them"
    assert compared(ours, theirs, np.arange(30) % LEAST_GROUPS).reason is None
    one = compared(ours[:1], theirs[:1])
    assert (one.n_items, one.low, one.reason) == (30, None, FEW)
    assert item_effect_of([], [], {}, 0.05).reason == FEW


def test_trainings_without_losses_of_items_are_named() -> None:
    ours, _ = drawn(2, 12)
    whole = ItemLosses.of(ours[0], None)
    for known, reason in (
        ({}, "4 of 4 trainings have no losses of items"),
        ({"a": whole, "b": whole, "c": whole}, "1 of 4 trainings have no losses of items"),
        (
            {"a": whole, "b": whole, "c": whole, "d": ItemLosses.of(ours[0, :11], None)},
            "the trainings were judged on different items",
        ),
        (
            {"a": whole, "b": whole, "c": whole, "d": ItemLosses.of(ours[0], np.arange(12))},
            "the trainings were judged on different items",
        ),
        (
            dict.fromkeys("abcd", ItemLosses(2_000_000, None)),
            "the losses of so many items are not kept",
        ),
    ):
        found = item_effect_of(["a", "b"], ["c", "d"], known, 0.05)
        assert found.reason == reason
        assert found.low is None
