"""Tasks of other packages: an objective with its data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.spec import lower_bound_of
from service.validation import parse
from tests.support.plugged_kinds import JOB, plugins_installed, refused


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with plugins_installed(tmp_path, monkeypatch):
        yield


def test_a_task_of_ones_own_draws_its_batches_itself() -> None:
    at, detail = refused(task={"kind": "objective"}, training={"drop_last": True})
    assert (at, "objective draws its batches itself" in detail) == ("/training/drop_last", True)


@pytest.mark.parametrize(
    ("task", "pointer", "reason"),
    [
        (
            {"kind": "juggling"},
            "/task/kind",
            "segmentation, function, external, objective, mute, untold, or",
        ),
        ({"kind": "objective", "n_answers": 9}, "/task/n_answers", "less than or equal to 7"),
        ({"kind": "objective", "dataset": "data"}, "/task/dataset", "there is no such field"),
        ({"kind": "mute"}, "/task/kind", "its outputs are 'sound', not classes or image"),
        ({"kind": "untold"}, "/task/kind", "its data_of gives no densearch.plugins.DataInfo"),
        ({}, "/task/kind", "is required"),
    ],
)
def test_a_task_that_cannot_be_used_is_refused(
    task: dict[str, Any], pointer: str, reason: str
) -> None:
    at, detail = refused(task=task)
    assert at == pointer
    assert reason in detail


def test_a_task_of_ones_own_takes_the_networks_of_what_it_resembles() -> None:
    spec = parse.parse({**JOB, "task": {"kind": "objective"}})
    assert spec.network is not None
    assert spec.network.kind == "small_cnn"
    assert lower_bound_of(spec) is None
    at, detail = refused(task={"kind": "objective"}, network={"kind": "dncnn"})
    assert (at, "does not fit objective: use small_cnn" in detail) == ("/network/kind", True)
