"""Sentences about the best radius: what a part of a campaign can say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from service.campaigns.report.cells import result_of
from service.campaigns.report.sharpness import sharpness_of
from service.campaigns.report.words import sharpness_in_words
from service.storage.campaigns import CampaignCell
from tests.support.campaign_cells import cell, valley_cell

WIDTHS = np.geomspace(0.5, 4.0, 9).tolist()
VALLEY = [math.exp(0.1 * math.log(width / 1.4) ** 2) for width in WIDTHS]
FLAT = [1.0 + 0.01 * (n % 2) for n in range(9)]
# It depends on the radius, and has no bottom.
SLOPE = [math.exp(0.1 * math.log(width)) for width in WIDTHS]
NO_MINIMUM = "there is no optimum to speak of: the losses are not shown to have a minimum"


def settings(n_train: int, seed: int = 0) -> dict[str, int]:
    return {"task.n_train": n_train, "seed": seed}


def lost(index: int, n_train: int, seed: int = 0) -> CampaignCell:
    return cell(index, settings=settings(n_train, seed), report=None)


def sentences(*cells: CampaignCell) -> list[str]:
    """What is said about the radius, but for the advice on the learning rate."""
    found = sharpness_in_words(sharpness_of([result_of(one) for one in cells]))
    return [sentence for sentence in found if "tuned_rate" not in sentence]


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        (FLAT, NO_MINIMUM),
        (SLOPE, NO_MINIMUM),
        (VALLEY[:4], "fewer than 5 widths were trained to their end without diverging."),
    ],
)
def test_settings_without_an_answer_are_counted_too(losses: list[float], reason: str) -> None:
    """The jobs of one size have no report: 'of 1 setting' would say that nothing is missing."""
    odd = [valley_cell(n, settings(125, n), WIDTHS[: len(losses)], losses) for n in (0, 1)]
    first, last = sentences(*odd, lost(2, 250, 0), lost(3, 250, 1))
    assert first.startswith(f"For 1 of 2 settings (seeds taken together) {reason}")
    assert last == (
        "How the best radius changes with training samples cannot be said: 0 of 2 settings have "
        "one to compare."
    )


def test_a_slope_says_of_how_many_settings_it_is() -> None:
    cells = [valley_cell(n, settings(125 * 2**n), WIDTHS, VALLEY) for n in range(4)]
    slope, *more = sentences(*cells)
    assert "training samples" in slope
    assert more == []
    _, note = sentences(*cells, lost(4, 2000))
    assert note == "The slopes are of the 4 settings with a best radius."


def test_without_a_quantity_that_varies_no_slope_is_missed() -> None:
    assert sentences(valley_cell(0, settings(125), WIDTHS, VALLEY)) == []
