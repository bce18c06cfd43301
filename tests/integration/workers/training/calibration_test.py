"""Calibrations: what is timed adds up; of times themselves nothing is held."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.support.packs import UNET, scarce
from tests.support.trainings import DENOISING, DIGITS, task
from workers.training import calibration
from workers.training.calibration import best_width, calibrate
from workers.training.fusion import FusedForward
from workers.training.objectives.classification import ClassificationObjective
from workers.training.preparation import Prepared, prepare
from workers.training.task import TrainingTask


def test_an_epoch_is_its_steps_and_its_judgement() -> None:
    found = calibrate(task(DIGITS), (1, 2, 3))
    assert found.n_steps == math.ceil(0.6 * 1797 / 32)
    for step_s, epoch_s in zip(found.step_s, found.epoch_s, strict=True):
        assert epoch_s == pytest.approx(found.n_steps * step_s + found.judge_s)
    assert list(found.pack_epoch_s) == [1, 2, 3]
    assert found.pack_epoch_s[1] == pytest.approx(found.epoch_s[1], rel=1e-9)
    assert found.pack_width in {1, 2, 3}
    assert min(found.start_s, found.judge_s, *found.step_s) > 0
    assert found.final_s >= 0  # the last epoch's judgement is the thorough one
    assert found.peak_memory_bytes > 2**26
    assert found.precision == "float32"
    assert asdict(found)["device"]


def test_the_test_split_is_judged_beside_the_epochs() -> None:
    assert calibrate(task(DIGITS, split="test")).final_s > 0


@pytest.mark.parametrize("section", [DIGITS, DENOISING], ids=["labels", "photographs"])
def test_the_cost_of_the_test_split_follows_from_its_size(section: dict[str, Any]) -> None:
    given = task({**section, "n_patches": 64} if section is DENOISING else section)
    objective = prepare(given).objective
    # 360 and 359 digits; 24 crops, and 3 photographs of which two are in tiles with a context.
    least, most = (0.99, 1.0) if section is DIGITS else (
        (512 * 512 + 300 * 400 + 427 * 640) / (24 * 96**2), 6.0
    )  # fmt: skip
    assert least < objective.test_share() < most
    found = calibrate(given)
    assert found.test_s >= 0.9 * found.final_s * objective.test_share()
    assert found.test_s > 0


def test_loading_data_is_not_counted_for_every_training(monkeypatch: pytest.MonkeyPatch) -> None:
    waited_s = [0.0]
    clock = SimpleNamespace(perf_counter=lambda: time.perf_counter() + waited_s[0])
    monkeypatch.setattr(calibration, "time", clock)

    def prepare_and_load(own: TrainingTask) -> Prepared:
        waited_s[0] = 1000.0  # at first
        return prepare(own)

    monkeypatch.setattr(calibration, "prepare", prepare_and_load)
    found = calibrate(task({**DENOISING, "n_patches": 64}))
    assert 0 < found.start_s < 1000.0 - 1.0 < found.load_s


def test_what_cannot_be_packed_is_timed_alone() -> None:
    small = {**DENOISING, "n_patches": 64}
    found = calibrate(task(small, network=UNET), (2, 4))
    assert list(found.pack_epoch_s) == [1]
    assert found.pack_width == 1


def test_widths_that_fit_no_memory_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    error = torch.OutOfMemoryError("CUDA out of memory")
    monkeypatch.setattr(calibration, "FusedForward", scarce(2, error, 0))
    assert list(calibrate(task(DIGITS), (1, 2, 4, 8)).pack_epoch_s) == [1, 2]


def test_a_pack_that_judges_at_once_is_timed_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were its candidates judged one by one, each would cost what the one alone does."""
    now = 0.0

    def taking(judge: Callable[..., Any], seconds: float) -> Callable[..., Any]:
        def slow(*args: Any, **settings: Any) -> object:
            nonlocal now
            now += seconds
            return judge(*args, **settings)

        return slow

    monkeypatch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: now))
    evaluate, judge = ClassificationObjective.evaluate, FusedForward.judge
    monkeypatch.setattr(ClassificationObjective, "evaluate", taking(evaluate, 1000.0))
    monkeypatch.setattr(FusedForward, "judge", taking(judge, 3000.0))
    found = calibrate(task(DIGITS), (1, 2)).pack_epoch_s
    assert found[1] == 1000.0
    assert found[2] == 1500.0


@pytest.mark.parametrize(
    ("pack_epoch_s", "best"),
    [
        ({1: 10.0}, 1),
        ({1: 10.0, 4: 9.6}, 1),
        ({1: 10.0, 4: 9.5}, 4),
        ({1: 10.0, 2: 7.0, 4: 6.0, 8: 6.5}, 4),
        ({1: 10.0, 2: 12.0}, 1),
    ],
)
def test_a_pack_must_be_worth_its_while(pack_epoch_s: dict[int, float], best: int) -> None:
    assert best_width(pack_epoch_s) == best
