"""The papers' claims with what was measured: nothing where no cell answers."""

from __future__ import annotations

from typing import Any

from api.evidence.claims import claims_table
from tests.support.evidence import cell

REPORT: dict[str, Any] = {"best_arm": "direct_l", "timing": {"overhead": {"ratio": 1.08}}}
LOSSES = {
    "uniform": [1.0, 1.0], "direct_l": [0.5, 0.5], "uniform_tuned": [0.5, 0.5],
    "density_tuned": [0.45, 0.45],
}  # fmt: skip


def rows(*cells: Any) -> list[str]:
    return claims_table(cells).splitlines()[2:]


def test_both_ratios_stand_next_to_each_other() -> None:
    loss, accuracy, psnr, time, _ = rows(
        cell(LOSSES, report=REPORT, psnr_clipped_db={"density_tuned": [28.5, 28.5],
                                                     "uniform_tuned": [28.0, 28.0]})
    )  # fmt: skip
    assert "both at the default rate: -50.0 to -50.0 %" in loss
    assert "`density_tuned` / `uniform_tuned`: -10.0 to -10.0 %" in loss
    assert "no cell of this run answers it" in accuracy
    assert "+0.50 to +0.50 dB" in psnr
    assert "by the shape" not in psnr  # it has no such arm
    assert "+8 to +8 %" in time


def test_a_search_that_chose_the_plain_network_says_nothing_of_a_densitys_time() -> None:
    plain = {**LOSSES, "direct_l": LOSSES["uniform"]}
    assert "no cell of this run answers it" in rows(cell(plain, report=REPORT))[3]


def test_without_cells_nothing_is_answered() -> None:
    assert all("no cell" in row or "not asked" in row for row in rows())
