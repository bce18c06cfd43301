"""What arms are compared by, in the user's direction."""

from __future__ import annotations

import copy

import pytest

from densearch.answers.compared_metric import LOSS, ComparedMetric, compared_metric_of
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
    assert compared_metric_of({"kind": "denoising"}) is LOSS
    assert compared_metric_of({**MAP, "direction": "minimize"}) == ComparedMetric(
        "mAP50", is_own=True
    )


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
    assert negative == "Values of trials are the negative of mAP50: searches minimise."


def test_a_smaller_value_of_a_maximised_metric_is_a_loss() -> None:
    found = case(effect([-0.54, -0.55, -0.56], [-0.6, -0.6, -0.6]), "worse")
    words = " ".join(verdict(found))
    assert " lower than that of the plain network at its best learning rate" in words


def test_an_open_question_names_both_sides() -> None:
    found = case(effect([-0.66, -0.5, -0.62], [-0.6, -0.6, -0.6]), "not decided")
    words = " ".join(verdict(found))
    assert "test loss" not in words
    assert "mAP50" in words


def test_a_report_shows_what_was_reported_and_its_changes() -> None:
    row = {"change": -0.1, "low": -0.2, "high": 0.05, "unit": "share"}
    versus = {"difference": -0.08, "relative": -0.1, "low": -0.16, "high": 0.04}
    part = {"relative": 0.1, "relative_low": -0.05, "relative_high": 0.2, "n": 3}
    test = {"losses": [-0.9, -0.8], "loss_mean": -0.85, "loss_low": -0.95, "loss_high": -0.75}
    report = {
        "arms": [
            {"validation_loss": -0.88, "search_loss": None, "test": test, "vs_uniform": versus},
            {"validation_loss": -0.8, "search_loss": -0.7, "test": None, "vs_uniform": None},
        ],
        "answer": {"looks": [{"effect": row}, {"effect": None}], "items": None, "metrics": [row]},
        "attribution": {"gain": part, "parts": [part], "beside": [], "words": "as they are"},
        "samplers": {"samplers": [{"mean": -0.8, "least": -0.9, "sd": 0.1}]},
    }
    before = copy.deepcopy(report)
    shown = compared_metric_of(MAP).report(report)
    first, second = shown["arms"]
    assert (first["validation_loss"], second["search_loss"]) == (0.88, 0.7)
    assert first["test"]["losses"] == [0.9, 0.8]
    assert (first["test"]["loss_low"], first["test"]["loss_high"]) == (0.75, 0.95)
    assert first["vs_uniform"] == {"difference": 0.08, "relative": 0.1, "low": -0.04, "high": 0.16}
    assert shown["answer"]["looks"][0]["effect"] == row | {
        "change": 0.1,
        "low": -0.05,
        "high": 0.2,
    }
    assert shown["answer"]["metrics"] == [row]  # are those of the user already
    # Shares that are saved: what rises is not saved.
    assert shown["attribution"]["gain"] == part | {
        "relative": -0.1,
        "relative_low": -0.2,
        "relative_high": 0.05,
    }
    assert shown["samplers"]["samplers"] == [{"mean": 0.8, "least": 0.9, "sd": 0.1}]
    assert report == before
    assert LOSS.report(report) == before
