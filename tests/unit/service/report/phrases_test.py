"""Pieces of sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.report.effects import effect_of
from service.report.phrases import between, count_of, ends_of, joined, percent, size_of


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (-0.0614, "6.1 %"), (0.1234, "12 %"), (0.0996, "10 %"), (0.00123, "0.12 %"), (0.0, "0 %"),
        (1.5, "150 %"),
    ],
)  # fmt: skip
def test_percentages_have_two_digits(share: float, words: str) -> None:
    assert percent(share) == words


def test_an_effect_in_pieces() -> None:
    found = effect_of({0: 0.9, 1: 1.62}, {0: 1.0, 1: 2.0})
    assert found is not None
    assert size_of(found) == "15 %"
    assert ends_of(found).startswith("-")
    around = effect_of({0: 1.0, 1: 0.0, 2: -1.0}, {0: 0.0, 1: 0.0, 2: 0.0})
    assert around is not None
    assert (size_of(around), ends_of(around)) == ("0", "-2.48 to +2.48")
    assert between(around) == "2.48 and 2.48"


def test_one_pair_has_no_ends() -> None:
    found = effect_of({0: 0.9}, {0: 1.0})
    assert found is not None
    assert ends_of(found) == ""


def test_lists_and_counts() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert (count_of(1, "seed"), count_of(3, "seed")) == ("1 seed", "3 seeds")


def test_a_percentage_is_never_written_with_an_exponent() -> None:
    assert [percent(share) for share in (2.9e-7, 1.4e-5, 6e-5, 0.0, -3e-9)] == [
        "0 %", "0 %", "0.006 %", "0 %", "0 %",
    ]  # fmt: skip


def test_the_ends_of_a_narrow_interval_can_be_told_apart() -> None:
    found = effect_of({0: 0.2383, 1: 0.4765, 2: 0.2382}, {0: 1.0, 1: 2.0, 2: 1.0})
    assert found is not None
    narrow = replace(found, low=-0.7642, high=-0.7591)
    assert (between(narrow), ends_of(narrow)) == ("75.9 % and 76.4 %", "-76.4 % to -75.9 %")
    assert between(replace(narrow, low=-0.76421, high=-0.76419)) == "76 % and 76 %"
    assert ends_of(replace(narrow, low=-0.003, high=0.003)) == "-0.3 % to +0.3 %"
    assert ends_of(replace(narrow, low=1.502, high=1.504)) == "+150.2 % to +150.4 %"
    assert between(replace(narrow, low=0.0201, high=0.0204)) == "2.01 % and 2.04 %"
