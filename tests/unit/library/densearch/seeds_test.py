"""Seeds are functions of their parts, for ever: stored jobs continue with them."""

from __future__ import annotations

import pytest

from densearch.seeds import SEED_BITS, derive


def test_seeds_stay_what_they_were() -> None:
    # By sha256sum of "int:0", 0x1f, "str:direct_l", and of the like.
    assert derive(0, "direct_l") == 212933061
    assert derive(7, "round", 3) == 1327074397


@pytest.mark.parametrize(
    "others",
    [(1, "a"), ("a", "1"), ("a1",), ("a", 1, ""), ("a",), ("A", 1), ("a", -1), ("a", 2**70)],
)
def test_another_part_kind_or_order_gives_another_seed(others: tuple[int | str, ...]) -> None:
    assert derive("a", 1) != derive(*others)


def test_seeds_fill_their_range() -> None:
    seeds = [derive("seed", number) for number in range(2000)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**SEED_BITS for seed in seeds)
    # The mean of 2000 uniform draws is within five standard deviations of a half.
    assert abs(sum(seeds) / len(seeds) / 2**SEED_BITS - 0.5) < 5 * (1 / 12 / 2000) ** 0.5
