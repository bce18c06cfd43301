"""The tables: pairs of the same problems, what is bold, and what is not known."""

from __future__ import annotations

from benchmarks.regret.report import DEFAULT, paired, table
from benchmarks.regret.searches import Result

FUNCTIONS = ("sphere", "ackley", "levy", "rastrigin", "branin")


def results(sampler: str, regret: float, n: int = 3, budget: int = 20) -> list[Result]:
    return [
        Result(sampler, name, 2, shift, budget, regret + shift, regret)
        for name in FUNCTIONS
        for shift in range(n)
    ]


def test_pairs_are_of_the_same_shift_of_the_same_function() -> None:
    found = paired([*results("tpe", -1.0, 2), *results(DEFAULT, -1.5)], "tpe", "regret", 20)
    assert found == {name: [0.5, 0.5] for name in FUNCTIONS}


def test_a_table_shows_intervals_and_what_is_missing() -> None:
    places = [(name, 2) for name in FUNCTIONS]
    lines = list(table("All", [*results("tpe", -1.0, 2), *results(DEFAULT, -1.5)], places))
    assert lines[-2] == "| (`direct_l_rand` itself) | 5, 15 | (-0.50) | - | - | - |"
    assert lines[-1] == "| `tpe` | 5, 10 | **+0.50 [+0.50, +0.50]** | - | - | - |"


def test_a_table_without_results_is_not_printed() -> None:
    assert not list(table("Branin", results("tpe", -1.0), [("branin", 6)]))


def test_a_sampler_without_a_pair_has_no_line() -> None:
    alone = list(table("All", results("tpe", -1.0), [("sphere", 2)]))
    assert alone[-1] == "| (`direct_l_rand` itself) | 0, 0 | - | - | - | - |"


def test_of_few_functions_nothing_is_bold() -> None:
    places = [("sphere", 2), ("ackley", 2)]
    *_, line = table("Two", [*results("tpe", -1.0), *results(DEFAULT, -1.5)], places)
    assert line == "| `tpe` | 2, 6 | +0.50 [+0.50, +0.50] | - | - | - |"
