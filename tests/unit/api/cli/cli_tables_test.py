"""What the terminal shows of jobs and reports."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from api.cli import tables


def printed(*args: Any, width: int = 160) -> str:
    screen = Console(file=io.StringIO(), width=width, highlight=False)
    screen.print(*args)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def arm(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "role": "search",
        "density": {"family": "symmetric", "den": [0.8494406]},
        "validation_loss": 0.00977967,
        "test": {"loss_mean": 0.0095, "loss_sd": 4.5e-5, "metrics": {"psnr_db": 27.1234}},
        "vs_uniform": {"difference": 1e-4, "low": -2e-4, "high": 4e-4, "relative": 0.01},
        "training_s": 6.25,
        **changes,
    }


REPORT = {
    "arms": [
        arm("direct_l"),
        arm("uniform", density={"family": "uniform", "phi": [[1.0]]}, vs_uniform=None),
    ],
    "best_arm": "direct_l",
    "verdict": "It helped.",
}


class TestArmsTable:
    def test_shows_what_the_demo_promises(self) -> None:
        lines = printed(tables.arms_table(REPORT)).splitlines()
        assert lines[0].split("  ")[0] == "arm"
        for title in ("density", "validation loss", "test loss", "PSNR", "training"):
            assert title in lines[0]
        # The interval is on the loss: 0.0001 is 1 % of uniform's, so its ends are -2 % and +4 %.
        for cell in ("den 0.849", "0.009780", "27.12 dB", "+1.0 % [-2.0, +4.0]", "6.2 s"):
            assert cell in lines[1]
        assert "%" not in lines[2], "uniform is not compared with itself"

    def test_fits_80_columns_with_a_line_for_each_arm(self) -> None:
        text = printed(tables.arms_table(REPORT, is_wide=False), width=80)
        assert sum("dB" in line and " s" in line for line in text.splitlines()) == 2
        assert "+1.0 % [-2.0, +4.0]" in text

    def test_a_job_that_trains_nothing_has_values_alone(self) -> None:
        bare = arm("random", density=None, test=None, vs_uniform=None)
        text = printed(tables.arms_table({**REPORT, "arms": [bare]}))
        assert text.split() == ["arm", "best", "value", "random", "0.009780"]

    def test_an_arm_whose_every_seed_diverged_is_shown(self) -> None:
        lost = arm("tpe", test={"loss_mean": None, "loss_sd": None, "metrics": {}})
        assert "tpe" in printed(tables.arms_table({**REPORT, "arms": [lost]}))


class TestJobs:
    def test_a_name_is_never_markup(self) -> None:
        job = {
            "id": 1,
            "state": "RUNNING",
            "name": "[red]x[/nonsense]",
            "fraction": 0.255,
            "created_at": "2026-01-02T03:04:05Z",
            "waits_for": "a dispatcher",
        }
        text = printed(tables.jobs_table([job]))
        for shown in ("[red]x[/nonsense]", "26 %", "2026-01-02 03:04:05", "a dispatcher"):
            assert shown in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (-1, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_duration(seconds: float | None, shown: str) -> None:
    assert tables.duration(seconds) == shown


@pytest.mark.parametrize(
    ("versus", "shown"),
    [
        (None, "-"),
        ({"difference": None}, "-"),
        ({"difference": 0.0, "low": 0.0, "high": 0.0, "relative": 0.0}, "0.00 [0.0, 0.0]"),
        ({"difference": -0.5, "low": None, "high": None, "relative": -0.25}, "-25.0 %"),
        ({"difference": -0.5, "low": -1.0, "high": 0.1, "relative": None}, "-0.500 [-1.0, 0.10]"),
    ],
)
def test_difference(versus: dict[str, Any] | None, shown: str) -> None:
    assert tables.difference_text(versus) == shown


@pytest.mark.parametrize(
    ("density", "shown"),
    [
        (None, "-"),
        ({"family": "symmetric", "den": [0.5, 1.25]}, "den 0.5, 1.25"),
        ({"family": "gaussian", "den": None, "vector": [1.5]}, "gaussian 1.5"),
        ({"family": "full", "den": None, "vector": [1.0] * 8}, "full"),
    ],
)
def test_density(density: dict[str, Any] | None, shown: str) -> None:
    assert tables.density_text(density) == shown
