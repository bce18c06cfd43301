"""The verdict's words keep to its figures."""

from __future__ import annotations

import math

import pytest

from service.report import statistics
from service.report.attribution import attribute
from service.report.statistics import Comparison
from service.report.verdict import attribution_in_words, outcome, verdict

UNIFORM = [1.0, 1.1, 0.9]
BETTER, ALIKE, WORSE = [0.9, 0.98, 0.83], [1.01, 1.0, 0.9], [1.2, 1.31, 1.09]


def against(arm: list[float]) -> Comparison:
    return statistics.compare(arm, UNIFORM[: len(arm)])


def said(arm: list[float], n_compared: int = 1) -> str:
    """The verdict where the arm has the least p of all that were compared."""
    found = against(arm)
    ps = [found.p] if found.p is not None else []
    corrected = statistics.holm([*ps, *[1.0] * (n_compared - 1)]) if ps else [None]
    return verdict("tpe", found, corrected[0], n_compared)


def test_a_density_that_helps() -> None:
    words = said(BETTER)
    assert words.startswith("The learned density helps: tpe's test loss is 9.7 % lower")
    assert "3 seeds" in words
    assert "Holm" not in words, "one arm needs no correction"


def test_a_density_that_hurts() -> None:
    assert said(WORSE).startswith("The learned density does not help: tpe's test loss is 20.0 % h")


def test_equal_losses() -> None:
    assert "equals uniform's on 3 seeds" in said(UNIFORM)
    assert outcome(against(UNIFORM), 1.0) == "no difference"


def test_a_difference_that_is_not_significant_states_the_seeds_needed() -> None:
    words = said(ALIKE)
    assert words.startswith("No significant difference with 3 seeds: tpe's test loss is")
    # sd of the differences 0.0608, difference 0.03: t(18) 0.0608 / sqrt(19) = 0.0293 < 0.03.
    assert "if that is the true difference, about 19 seeds are needed to detect it" in words


def test_one_seed() -> None:
    words = said([0.5])
    assert words == "No significant difference with 1 seed: an interval needs at least 2."


def test_many_arms_ask_for_more() -> None:
    """One of many arms looks different by chance: the same interval is no longer enough."""
    found = against(BETTER)
    # With 2 degrees of freedom p is 1 - t / sqrt(2 + t^2); t is 0.096667 / (0.025166 / sqrt(3)).
    t = 0.0966667 / (0.0251661 / math.sqrt(3))
    assert found.p == pytest.approx(1.0 - t / math.sqrt(2.0 + t * t), rel=1e-4)
    assert found.high is not None
    assert found.high < 0.0
    assert outcome(found, found.p) == "helps"
    words = said(BETTER, n_compared=8)
    assert "No significant difference with 3 seeds" in words
    assert "after Holm's correction for 8 arms" in words
    assert outcome(found, 8 * 0.0219) == "unknown"


def test_a_corrected_p_alone_is_not_enough() -> None:
    assert outcome(against(ALIKE), 0.0) == "unknown"
    assert outcome(against(WORSE), 0.01) == "hurts"
    assert outcome(against(BETTER), None) == "unknown"


# What the gain is due to

NOISE = (0.001, -0.001, 0.002, -0.002, 0.0)


def arm(loss: float, turn: int) -> dict[int, float]:
    return {seed: loss + NOISE[(seed + turn) % 5] for seed in range(5)}


def words_of(losses: dict[str, float], tuned: str | None) -> str:
    made = {name: arm(loss, turn) for turn, (name, loss) in enumerate(losses.items())}
    found = attribute(made, "tpe", tuned)
    assert found is not None
    return attribution_in_words(found)


def test_all_of_the_gain_is_the_learning_rate() -> None:
    words = words_of(
        {
            "uniform": 1.0,
            "uniform_tuned": 0.895,
            "flat_tuned": 0.88,
            "density_tuned": 0.88,
            "tpe": 0.95,
        },
        "density_tuned",
    )
    assert words == (
        "Of the 12.0 % that density_tuned gains over uniform, 10.5 points are due to the learning "
        "rate and 1.5 points are due to the scale of the weights; no significant effect of the "
        "spatial shape with 5 seeds (observed: spatial shape 0.0 points). density_tuned performs "
        "better than the plain convolution with a tuned learning rate, by 1.5 points."
    )


def test_a_part_that_costs() -> None:
    words = words_of(
        {"uniform": 1.0, "uniform_tuned": 0.8, "flat_tuned": 0.85, "tpe": 0.75}, "tpe"
    )
    assert "20.0 points are due to the learning rate" in words
    assert "5.0 points are lost by the scale of the weights" in words
    assert "10.0 points are due to the spatial shape" in words


def test_what_is_missing_is_asked_for() -> None:
    words = words_of({"uniform": 1.0, "flat": 0.9, "tpe": 0.8}, None)
    assert "10.0 points are due to the scale of the weights" in words
    assert (
        "To compare the gain with a tuned learning rate, add the controls density_tuned, "
        "uniform_tuned and flat_tuned." in words
    )
    merged = words_of({"uniform": 1.0, "flat_tuned": 0.9, "tpe": 0.8}, "tpe")
    assert "10.0 points are due to the learning rate and scale of the weights together" in merged
    assert "To split the gain further, add the control uniform_tuned." in merged


def test_a_tuned_plain_convolution_has_a_sentence() -> None:
    words = words_of({"uniform": 1.0, "uniform_tuned": 0.7, "flat": 0.9, "tpe": 0.8}, None)
    assert "Tuning the learning rate of the plain convolution alone gains 30.0 %." in words


@pytest.mark.parametrize(
    ("tuned", "words"),
    [
        (0.7, "tpe performs worse than the plain convolution with a tuned learning rate, by 10.0"),
        (0.8, "No significant difference between tpe and the plain convolution with a tuned lea"),
    ],
)
def test_a_density_that_a_tuned_rate_makes_needless(tuned: float, words: str) -> None:
    assert words in words_of(
        {"uniform": 1.0, "uniform_tuned": tuned, "flat": 0.9, "tpe": 0.8}, None
    )


def test_the_initialisation_has_a_sentence() -> None:
    arms = {"uniform": 1.0, "uniform_tuned": 0.9, "flat_tuned": 0.9, "tpe": 0.8}
    better = words_of({**arms, "default_init_tuned": 0.85}, "tpe")
    assert (
        "default initialisation, its learning rate tuned, gains 5.0 % over uniform_tuned" in better
    )
    worse = words_of({**arms, "default_init_tuned": 0.95}, "tpe")
    assert "loses 5.0 % over" not in worse
    assert "loses 5.0 % against uniform_tuned" in worse
    same = words_of({**arms, "default_init_tuned": 0.9}, "tpe")
    assert "makes no significant difference to uniform_tuned with 5 seeds (observed:" in same


def test_no_gain_and_no_sure_gain() -> None:
    assert words_of({"uniform": 1.0, "flat": 1.0, "tpe": 1.2}, None).startswith(
        "tpe does not improve on uniform"
    )
    unsure = words_of({"uniform": 1.0, "flat": 0.9995, "tpe": 0.9992}, None)
    assert unsure.startswith("The 0.1 % that tpe gains over uniform are not significant with 5")


def test_a_gain_whose_parts_are_all_unsure() -> None:
    made = {
        "uniform": {0: 1.0, 1: 1.0, 2: 1.0},
        "flat": {0: 0.6, 1: 1.4, 2: 0.8},
        "tpe": {0: 0.8, 1: 0.81, 2: 0.79},
    }
    found = attribute(made, "tpe", None)
    assert found is not None
    assert "no part is significant" in attribution_in_words(found)
