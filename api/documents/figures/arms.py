"""The arms of a report as a forest plot: their test losses over that of the plain network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.dashboard.figures.arm_ratios import in_order_of_chain, ratio_of, seed_ratios
from api.documents.blocks import FigureBlock
from api.documents.figures.forest import ForestRow, forest
from api.documents.figures.svg import shortened
from api.documents.source import DocumentSource
from api.documents.texts import effect_text, versus_text
from densearch.answers.compared_metric import ComparedMetric
from service.report.attribution import UNIFORM
from service.report.primary import SIMPLER
from service.report.question_words import arm_in_words
from service.studies.looks import MARGIN_PERCENT

Arm = Mapping[str, Any]


def arms_figure(source: DocumentSource) -> FigureBlock | None:
    """Return the arms from the simplest on, each with its interval and its single seeds.

    Returns:
        None where no arm is compared with the plain network.
    """
    arms = in_order_of_chain(source.arms)
    plain = next((arm for arm in arms if arm["name"] == UNIFORM), None)
    compared = [arm for arm in arms if arm.get("vs_uniform")]
    if plain is None or not compared:
        return None
    rows = [ForestRow(UNIFORM, 1.0, None, None, "the reference")]
    rows += [_row(arm, plain) for arm in compared]
    margin = ((source.answer or {}).get("plan") or {}).get("margin_percent", MARGIN_PERCENT)
    title = f"{source.own.title} / that of the plain network"
    return FigureBlock(_caption(arms, margin, source.own), forest(rows, title, margin / 100.0))


def _row(arm: Arm, plain: Arm) -> ForestRow:
    versus = arm["vs_uniform"]
    size, ends = versus_text(versus)
    ratio, low, high = ratio_of(versus) or (None, None, None)
    points = seed_ratios(arm, plain) if ratio is not None else []
    return ForestRow(
        shortened(arm["name"]), ratio, low, high, effect_text(size, ends), points=points
    )


def _caption(arms: Sequence[Arm], margin_percent: float, own: ComparedMetric) -> str:
    plain = [arm["name"] for arm in arms if arm["name"] in SIMPLER]
    named = "; ".join(f"{name} is {arm_in_words(name)}" for name in plain)
    return (
        f"The {own.noun} of each arm over that of the plain network, {own.better_side} is better: "
        "the mean, its interval with an arrow where it goes on, and single seeds as dots. "
        "Differences inside the grey band, "
        f"{margin_percent:g} %, do not matter. {named}."
    )
