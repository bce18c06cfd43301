"""Which sampler is better, by what its repeated searches found."""

from __future__ import annotations

import pytest
from scipy.stats import mannwhitneyu

from service.report.repeats import (
    SamplerComparison,
    compare_samplers,
    runs_needed,
    too_few_words,
)


def compared(found: dict[str, list[float]], *deterministic: str) -> SamplerComparison:
    result = compare_samplers(found, frozenset(deterministic), is_test=True)
    assert result is not None
    return result


def test_two_samplers_apart() -> None:
    found = compared({"random": [2.0, 2.1, 2.2, 2.3, 2.4], "tpe": [1.0, 1.1, 1.2, 1.3, 1.4]})
    tpe, random = found.samplers
    assert (tpe.sampler, tpe.n, tpe.least) == ("tpe", 5, 1.0)
    assert tpe.mean == pytest.approx(1.2)
    assert tpe.sd == pytest.approx(0.158114, abs=1e-6)
    assert random.sampler == "random"
    (pair,) = found.pairs
    assert (pair.better, pair.other, pair.win_rate) == ("tpe", "random", 1.0)
    # Of the 252 ways to deal ten runs to two samplers, two are as extreme.
    assert pair.p == pair.p_holm == pytest.approx(2 / 252)
    assert found.words == "With 5 runs of a sampler, tpe reaches lower test losses than random."
    assert (found.is_test, found.n_needed) == (True, 4)


def test_many_pairs_are_corrected() -> None:
    found = compared(
        {
            "tpe": [1.0, 1.1, 1.2, 1.3, 1.4],
            "random": [2.0, 2.1, 2.2, 2.3, 2.4],
            "qmc": [1.05, 1.15, 1.25, 1.35, 1.45],
        }
    )
    by_names = {frozenset((p.better, p.other)): p for p in found.pairs}
    assert len(by_names) == 3
    close = by_names[frozenset(("tpe", "qmc"))]
    # 15 of the 25 pairs of runs: tpe's i-th beats qmc's j-th where j >= i.
    assert (close.better, close.win_rate) == ("tpe", 15 / 25)
    assert by_names[frozenset(("tpe", "random"))].p_holm == pytest.approx(3 * 2 / 252)
    assert close.p_holm == pytest.approx(close.p)
    assert found.words == (
        "With 5 runs of a sampler, tpe reaches lower test losses than random and qmc reaches "
        "lower test losses than random."
    )


def test_a_deterministic_sampler_is_one_run() -> None:
    found = compared({"direct_l": [0.5], "tpe": [1.0, 1.1, 1.2, 1.3, 1.4]}, "direct_l")
    direct, tpe = found.samplers
    assert (direct.n, direct.sd, direct.is_deterministic) == (1, None, True)
    assert not tpe.is_deterministic
    assert found.pairs == ()
    assert found.words == (
        "Only one sampler was repeated: there is no other to compare it with. direct_l is "
        "deterministic: one run shows nothing of chance. To compare it, repeat the job with other "
        "seeds."
    )


def test_deterministic_samplers_take_no_power_from_the_others() -> None:
    runs = {"random": [2.0, 2.1, 2.2, 2.3], "tpe": [1.0, 1.1, 1.2, 1.3]}
    found = compared(runs | {"direct_l": [0.5], "grid": [0.7]}, "direct_l", "grid")
    assert [(pair.better, pair.other) for pair in found.pairs] == [("tpe", "random")]
    assert found.pairs[0].p_holm == pytest.approx(2 / 70)
    assert found.words.startswith("With 4 runs of a sampler, tpe reaches lower test losses than")
    assert "direct_l and grid are deterministic" in found.words


def test_runs_that_cannot_part_any_are_not_compared() -> None:
    """Five samplers with five runs each: ten pairs of which none can have a p below 0.079."""
    runs = {name: [i + k / 10 for k in range(5)] for i, name in enumerate("abcde")}
    found = compared(runs)
    assert found.pairs == ()
    assert found.words == "5 runs of a sampler cannot show which of 5 is better: that takes 6."
    enough = compared({name: [*values, values[-1] + 0.1] for name, values in runs.items()})
    assert len(enough.pairs) == 10
    assert all(pair.p_holm < 0.05 for pair in enough.pairs)


# Exact, from the least p of the Mann-Whitney test: 4 runs for 2 samplers, 5 to 4, 6 to 7, 7 to 13.
@pytest.mark.parametrize(
    ("n_samplers", "n"), [(2, 4), (3, 5), (4, 5), (5, 6), (7, 6), (8, 7), (13, 7), (14, 8)]
)
def test_runs_needed(n_samplers: int, n: int) -> None:
    assert runs_needed(n_samplers) == n
    pairs = n_samplers * (n_samplers - 1) // 2
    least = [mannwhitneyu(range(k), range(k, 2 * k), method="exact").pvalue for k in (n - 1, n)]
    assert least[0] * pairs > 0.05 >= least[1] * pairs


def test_repeats_that_are_too_few_are_a_warning() -> None:
    assert too_few_words(3, ["tpe", "random"]) == (
        "3 repeats cannot show which of 2 samplers is better, whatever they find: that takes 4"
    )
    for repeats, names in ((4, ["tpe", "random"]), (1, ["tpe", "random"]), (3, ["tpe"])):
        assert too_few_words(repeats, names) is None


def test_without_a_test_split_values_are_compared() -> None:
    runs = {"random": [2.0, 2.1, 2.2, 2.3], "tpe": [1.0, 1.1, 1.2, 1.3]}
    found = compare_samplers(runs, frozenset(), is_test=False)
    assert found is not None
    assert found.words == "With 4 runs of a sampler, tpe reaches lower values than random."


def test_equal_runs() -> None:
    found = compared({"a": [1.0] * 4, "b": [1.0] * 4})
    assert (found.pairs[0].win_rate, found.pairs[0].p_holm) == (0.5, 1.0)


@pytest.mark.parametrize("found", [{}, {"tpe": [1.0, 2.0]}, {"tpe": [1.0], "random": [2.0]},
                                   {"tpe": [1.0, 2.0], "random": []}])  # fmt: skip
def test_nothing_was_repeated_or_there_is_no_other(found: dict[str, list[float]]) -> None:
    assert compare_samplers(found, frozenset(), is_test=True) is None
