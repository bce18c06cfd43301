"""Names of test splits: by content, or by name; what a job trains does not matter."""

from __future__ import annotations

from typing import Any

import pytest

from service.spec import JobSpec
from service.studies.test_splits import split_of
from service.validation import parse

DATA = {
    "sha256": "ab" * 32, "n_dims": 2, "n_channels": 1, "size_px": 8, "is_uniform": True,
    "n_outputs": 2, "n_training": 20,
}  # fmt: skip


def spec_of(task: dict[str, Any], **changes: Any) -> JobSpec:
    body = {"name": "a", "task": task, "budget": {"n_trials": 2}, **changes}
    return parse.stored(parse.parse(body).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("task", "split"),
    [
        ({"kind": "classification"}, "digits"),
        ({"kind": "classification", "dataset": "faces"}, "faces"),
        ({"kind": "denoising", "noise_sigma": 10.0}, "photos"),
        ({"kind": "denoising", "patch_px": 16}, "photos"),
        ({"kind": "classification", "dataset": "stored:7", "data": DATA}, f"stored:{'ab' * 32}"),
        ({"kind": "function", "name": "branin"}, None),
    ],
)
def test_the_data_alone_name_a_split(task: dict[str, Any], split: str | None) -> None:
    assert split_of(spec_of(task)) == split


def test_a_job_without_evaluation_looks_at_none() -> None:
    assert split_of(spec_of({"kind": "classification"}, evaluation={"n_seeds": 0})) is None
