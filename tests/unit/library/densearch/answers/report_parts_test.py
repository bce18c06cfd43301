"""The parts of a report against the values that reports are made of."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from densearch.answers import report_parts as parts
from service.report import (
    attribution,
    audited,
    continuation,
    decision,
    effects,
    failures,
    fidelity,
    fitted_optimum,
    item_effects,
    joint_optimum,
    metric_effects,
    plateau,
    primary,
    repeats,
    timing,
)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (parts.QuestionAnswer, primary.PrimaryQuestion),
        (parts.LookAnswer, primary.Look),
        (parts.EffectAnswer, effects.Effect),
        (parts.FailuresAnswer, failures.Failures),
        (parts.MetricEffectAnswer, metric_effects.MetricEffect),
        (parts.ItemEffectAnswer, item_effects.ItemEffect),
        (parts.ContinuedAnswer, continuation.Continued),
        (parts.DecisionBasisAnswer, decision.Basis),
        (parts.PartAnswer, attribution.Part),
        (parts.NoiseAnswer, plateau.Noise),
        (parts.AxisRangeAnswer, plateau.AxisRange),
        (parts.PlateauAnswer, plateau.Plateau),
        (parts.OptimumAnswer, fitted_optimum.FittedOptimum),
        (parts.AxisOptimumAnswer, joint_optimum.AxisOptimum),
        (parts.JointOptimumAnswer, joint_optimum.JointOptimum),
        (parts.SamplerRowAnswer, repeats.SamplerRow),
        (parts.SamplerPairAnswer, repeats.SamplerPair),
        (parts.SamplersAnswer, repeats.SamplerComparison),
        (parts.FavouritesAnswer, fidelity.Favourites),
        (parts.AuditAnswer, audited.Audit),
        (parts.SavingsAnswer, fidelity.Savings),
        (parts.OverheadAnswer, timing.Overhead),
    ],
)
def test_a_part_has_the_fields_of_its_value(answer: type, value: Any) -> None:  # noqa: ANN401
    assert sorted(get_type_hints(answer)) == sorted(own.name for own in fields(value))


def test_the_words_are_those_of_the_service() -> None:
    assert get_args(parts.Outcome) == get_args(primary.Outcome)
    assert get_args(parts.Unit) == get_args(effects.Unit)
