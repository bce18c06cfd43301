"""Titles, units and factors of metrics, as results hold them."""

from __future__ import annotations

import pytest

from densearch.metric_titles import METRIC_TITLES


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.973, "accuracy 97.3 %"),
        ("psnr_db", 27.1, "PSNR 27.1 dB"),
        ("macro_f1", 0.5, "macro F1 0.5 "),
    ],
)
def test_a_metric_is_shown_in_the_unit_that_people_use(name: str, value: float, text: str) -> None:
    shown = METRIC_TITLES[name]
    assert f"{shown.title} {shown.factor * value:g} {shown.unit}" == text


def test_the_metrics_are_those_that_tasks_have() -> None:
    assert list(METRIC_TITLES)[1:3] == ["psnr_clipped_db", "psnr_db"]  # the clipped one first
