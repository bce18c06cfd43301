"""The sections of the page: their tables are of what they search."""

from __future__ import annotations

import pytest

from benchmarks.regret.problems import base
from benchmarks.regret.sections import SECTIONS, n_shifts
from workers.functions import FUNCTIONS


@pytest.mark.parametrize("name", SECTIONS)
def test_a_table_is_of_problems_that_are_searched(name: str) -> None:
    section = SECTIONS[name]
    for places in section.tables.values():
        assert places
        assert set(places) <= set(section.places)


def test_ten_functions_are_compared_and_six_under_noise() -> None:
    functions = {base(name) for name, _ in SECTIONS["plain"].places}
    assert functions == {*FUNCTIONS, "recorded digits", "recorded photos", "recorded faces"}
    assert len({base(name) for name, _ in SECTIONS["noise"].places}) == 6


def test_a_costly_sampler_searches_fewer_shifts() -> None:
    assert [n_shifts(name, 10) for name in ("direct_l", "tpe", "gp")] == [10, 3, 1]
    assert n_shifts("tpe", 2) == 2
