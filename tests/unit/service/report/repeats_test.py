"""Which sampler is better, from the best values of repeated searches."""

from __future__ import annotations

import pytest

from service.report.repeats import SamplerComparison, compare_samplers


def compared(found: dict[str, list[float]], *deterministic: str) -> SamplerComparison:
    result = compare_samplers(found, frozenset(deterministic))
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
    assert (
        found.words == "With 5 runs of a sampler, tpe finds lower values than random (p 0.0079)."
    )


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
    assert found.words.endswith("after Holm's correction.")
    assert "tpe finds lower values than qmc" not in found.words


def test_a_deterministic_sampler_is_one_run() -> None:
    found = compared({"direct_l": [0.5], "tpe": [1.0, 1.1, 1.2, 1.3, 1.4]}, "direct_l")
    direct, tpe = found.samplers
    assert (direct.n, direct.sd, direct.is_deterministic) == (1, None, True)
    assert not tpe.is_deterministic
    # One run is the least of six by chance in one case of six.
    assert found.pairs[0].p == pytest.approx(2 / 6)
    assert found.words.startswith("No significant difference between the samplers with")


def test_equal_runs() -> None:
    found = compared({"a": [1.0, 1.0], "b": [1.0, 1.0]})
    assert (found.pairs[0].win_rate, found.pairs[0].p_holm) == (0.5, 1.0)


@pytest.mark.parametrize("found", [{}, {"tpe": [1.0, 2.0]}, {"tpe": [1.0], "random": [2.0]},
                                   {"tpe": [1.0, 2.0], "random": []}])  # fmt: skip
def test_nothing_was_repeated_or_there_is_no_other(found: dict[str, list[float]]) -> None:
    assert compare_samplers(found, frozenset()) is None
