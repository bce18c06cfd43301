"""What arms are compared by, in the user's direction."""

from __future__ import annotations

import pytest

from service.report.compared_metric import TEST_LOSS, ComparedMetric, compared_metric_of
from service.report.effects import Effect, effect_of
from service.report.failures import Failures
from service.report.primary import Look, Outcome, PrimaryQuestion, SeedPlan
from service.report.verdict import VerdictCase, evidence, verdict

MAP = {"kind": "external", "metric": "mAP50", "direction": "maximize"}


def effect(own: list[float], other: list[float]) -> Effect:
    found = effect_of(dict(enumerate(own)), dict(enumerate(other)))
    assert found is not None
    return found


def case(found: Effect, outcome: Outcome) -> VerdictCase:
    question = PrimaryQuestion(
        "direct_l", "uniform_tuned", is_rate_tuned=True, is_same_training=False
    )
    none = Failures(found.n, 0, 0, 0)
    look = Look(found.n, found, none, none, outcome)
    measure = compared_metric_of(MAP)
    return VerdictCase(question, SeedPlan((3,), 0.01), look, 1, [], measure=measure)


def test_own_trainings_have_a_test_loss() -> None:
    assert compared_metric_of({"kind": "denoising"}) is TEST_LOSS
    assert compared_metric_of({**MAP, "direction": "minimize"}) == ComparedMetric("mAP50")


def test_what_is_maximised_is_shown_as_it_was_reported() -> None:
    losses = effect([-0.66, -0.672, -0.63], [-0.6, -0.6, -0.6])
    shown = compared_metric_of(MAP).shown(losses)
    reported = effect([0.66, 0.672, 0.63], [0.6, 0.6, 0.6])
    assert losses.change < 0.0
    assert (shown.change, shown.low, shown.high) == pytest.approx(
        (-losses.change, -(losses.high or 0), -(losses.low or 0))
    )
    assert (shown.change > 0) == (reported.change > 0)


def test_a_larger_value_of_a_maximised_metric_is_a_gain() -> None:
    found = case(effect([-0.66, -0.672, -0.63], [-0.6, -0.6, -0.6]), "better")
    words = " ".join(verdict(found))
    assert words.startswith("Use the density. Its mAP50 is")
    assert " higher than that of the plain network at its best learning rate." in words
    assert "loss" not in words
    ratio, negative = evidence(found)
    assert ratio.startswith(("direct_l / uniform_tuned = 1.0", "direct_l / uniform_tuned: diff"))
    assert negative == "Losses here are the negative of mAP50."


def test_a_smaller_value_of_a_maximised_metric_is_a_loss() -> None:
    found = case(effect([-0.54, -0.55, -0.56], [-0.6, -0.6, -0.6]), "worse")
    words = " ".join(verdict(found))
    assert " lower than that of the plain network at its best learning rate" in words


def test_an_open_question_names_both_sides() -> None:
    found = case(effect([-0.66, -0.5, -0.62], [-0.6, -0.6, -0.6]), "not decided")
    words = " ".join(verdict(found))
    assert "test loss" not in words
    assert "mAP50" in words
