"""Data sets of other packages: known by name and by what their samples are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.validation import parse
from tests.support.plugged_kinds import JOB, plugins_installed, refused


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with plugins_installed(tmp_path, monkeypatch):
        yield


def test_a_data_set_of_ones_own_tells_its_samples() -> None:
    spec = parse.parse({**JOB, "task": {"kind": "classification", "dataset": "data"}})
    moved = {"augmentation": {"crop_padding_px": 12}}
    at, detail = refused(task=spec.task.model_dump(mode="json"), training=moved)
    assert (at, "data are 12 px wide" in detail) == (
        "/training/augmentation/crop_padding_px",
        True,
    )


@pytest.mark.parametrize(
    ("task", "pointer", "reason"),
    [
        ({"kind": "classification", "dataset": "cats"}, "/task/dataset", "waveforms, data, or"),
        ({"kind": "denoising", "dataset": "data"}, "/task/dataset", "fits classification, not"),
        ({"kind": "classification", "dataset": "misinformed"}, "/task/dataset", "DataInfo"),
    ],
)
def test_a_data_set_that_cannot_be_used_is_refused(
    task: dict[str, Any], pointer: str, reason: str
) -> None:
    at, detail = refused(task=task)
    assert at == pointer
    assert reason in detail
