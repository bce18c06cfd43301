"""The causes of a gain in words."""

from __future__ import annotations

from densearch.answers.compared_metric import LOSS, ComparedMetric
from service.report.attribution import attribute
from service.report.causes import attribution_in_words

LUCK = (1.0, 1.1, 0.9)


def said(
    effects: dict[str, float],
    best: str = "direct_l",
    tuned: str | None = None,
    own: ComparedMetric = LOSS,
) -> str:
    wobble = {name: place for place, name in enumerate(effects)}
    losses = {
        name: {
            seed: (1.0 - effect) * x * (1.0 + 0.002 * ((seed + wobble[name]) % 3))
            for seed, x in enumerate(LUCK)
        }
        for name, effect in effects.items()
    }
    found = attribute(losses, best, tuned)
    assert found is not None
    return attribution_in_words(found, own)


def test_a_whole_chain() -> None:
    effects = {"uniform": 0.0, "uniform_tuned": 0.1, "flat_tuned": 0.1, "density_tuned": 0.3}
    words = said(effects, tuned="density_tuned")
    assert words.startswith("density_tuned saves 30.")
    assert "of uniform's loss [" in words
    assert "Each of the loss of the arm before it, with 3 seeds: learning rate 10." in words
    assert "not significant], spatial shape 22." in words
    assert "density_tuned saves 22." in words
    assert "To split" not in words


def test_missing_controls_are_named() -> None:
    words = said({"uniform": 0.0, "direct_l": 0.2})
    assert "by the scale of the weights and spatial shape together, with 3 seeds." in words
    assert words.endswith(
        "To compare the gain with a tuned learning rate, add the controls flat, density_tuned, "
        "uniform_tuned and flat_tuned."
    )


def test_what_is_compared_with_a_tuned_rate_already_is_only_split_further() -> None:
    words = said({"uniform": 0.0, "uniform_tuned": 0.1, "direct_l": 0.2})
    assert "direct_l saves 11." in words
    assert words.endswith(
        "To split the gain further, add the controls flat, density_tuned and flat_tuned."
    )


def test_a_loss_instead_of_a_gain_has_a_verb_of_its_own() -> None:
    words = said({"uniform": 0.0, "direct_l": -0.2})
    assert words.startswith("direct_l raises uniform's loss by 20.0 % [19.0, 21.0]")
    assert "-" not in words


def test_of_a_metric_that_is_maximised_the_verb_is_that_of_the_metric() -> None:
    own = ComparedMetric("mAP50", is_own=True, is_maximized=True)
    assert said({"uniform": 0.0, "direct_l": 0.2}, own=own).startswith(
        "direct_l raises uniform's mAP50 by 20.0 % [19"
    )
    worse = said({"uniform": 0.0, "direct_l": -0.2}, own=own)
    assert worse.startswith("direct_l lowers uniform's mAP50 by 20.0 %")
    assert "loss" not in worse
