"""Sheets of samples: what the network makes of them, and that they change nothing of a result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.sample_sheets import chosen, unpacked
from tests.support.trainings import DENOISING, DIGITS, DNCNN, SMALL_CNN, run, task
from workers.training import judging
from workers.training.task import Outcome

DENOISED = {**DENOISING, "n_patches": 64}
SEGMENTED = {"kind": "segmentation", "dataset": "collages", "patch_px": 24, "n_patches": 16}
UNET = {"kind": "unet", "depth": 1, "n_stages": 2, "width": 4, "kernel_size": 3}


def outcome_of(section: dict[str, Any], network: dict[str, Any]) -> Outcome:
    _, outcome = run(task(section, network=network, phi=None, split="test", keep_weights=True))
    return outcome


@pytest.mark.parametrize(
    ("section", "network"),
    [
        (DENOISED, DNCNN),
        (DIGITS, SMALL_CNN),
        (SEGMENTED, UNET),
        ({"kind": "multilabel", "dataset": "mosaics"}, SMALL_CNN),
    ],
    ids=["denoising", "classification", "segmentation", "multilabel"],
)
def test_a_sheet_shows_the_network_and_changes_nothing_of_the_result(
    section: dict[str, Any], network: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = outcome_of(section, network)
    assert outcome.sheet is not None
    again = outcome_of(section, network)
    assert again.sheet == outcome.sheet, "the same bytes"
    monkeypatch.setattr(judging, "sheet_of", lambda *_: None)
    without = outcome_of(section, network)
    assert (without.value, without.weights) == (outcome.value, outcome.weights)
    assert without.metrics == outcome.metrics
    sheet = unpacked(outcome.sheet)
    if section["kind"] == "classification":
        table = sheet["confusion"]
        assert np.trace(table) / table.sum() == pytest.approx(outcome.metrics["accuracy"])
    elif section["kind"] == "multilabel":
        right = sheet["confusion"][:, [0, 1], [0, 1]].sum() / sheet["confusion"].sum()
        assert right == pytest.approx(outcome.metrics["label_accuracy"])
    else:
        assert sheet["outputs"].shape[:3] == sheet["targets"].shape[:3]
        assert len(sheet["numbers"]) == len(sheet["inputs"]) > 1
    if section["kind"] == "denoising":
        errors = np.square(sheet["outputs"] / 255.0 - sheet["targets"] / 255.0)
        shown = -10 * np.log10(errors.mean(axis=(1, 2, 3)))
        np.testing.assert_allclose(sheet["output_psnr"], shown, atol=0.7)  # of rounded bytes
        sigma = section["noise_sigma"] / 255
        np.testing.assert_allclose(sheet["input_psnr"], -20 * np.log10(sigma), atol=0.4)


def test_no_weights_no_sheet() -> None:
    own = task(DIGITS, network=SMALL_CNN, phi=None, split="test")
    assert run(replace(own, keep_weights=False))[1].sheet is None
    assert chosen(3) == [0, 1, 2]
    assert chosen(10**6) == chosen(64) == [0, 21, 42, 63]
