"""What a kind of task, its images and its epochs allow in a training."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.rules import parse


def job(kind: str, training: dict[str, Any], **task: str) -> dict[str, Any]:
    return {
        "name": "job", "task": {"kind": kind, **task}, "training": training,
        "budget": {"n_trials": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "training", "pointer", "reason"),
    [
        ("denoising", {"label_smoothing": 0.1}, "/training/label_smoothing", "no labels"),
        ("denoising", {"augmentation": {"crop_padding_px": 1}},
         "/training/augmentation/crop_padding_px", "random places"),
        ("classification", {"augmentation": {"crop_padding_px": 8}},
         "/training/augmentation/crop_padding_px", "at most 7"),
        ("classification", {"epochs": 3, "warmup_epochs": 3},
         "/training/warmup_epochs", "at most 2"),
        ("classification", {"schedule": "one_cycle", "warmup_epochs": 1},
         "/training/warmup_epochs", "by itself"),
        ("classification", {"clip_norm": 0.0}, "/training/clip_norm", "greater than 0"),
        ("classification", {"label_smoothing": 1.0}, "/training/label_smoothing", "less than 1"),
        ("classification", {"augmentation": {"rotate": True}},
         "/training/augmentation/rotate", "no such field"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_its_field(
    kind: str, training: dict[str, Any], pointer: str, reason: str
) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        parse(job(kind, training))
    (fault,) = refusal.value.faults
    assert fault.pointer == pointer
    assert reason in fault.detail


@pytest.mark.parametrize(
    ("kind", "training"),
    [
        ("denoising", {"augmentation": {"flip": True}, "clip_norm": 1.0, "warmup_epochs": 1}),
        ("classification", {"label_smoothing": 0.1, "schedule": "one_cycle"}),
        ("classification", {"augmentation": {"flip": True, "crop_padding_px": 7}}),
    ],
)
def test_what_fits_is_taken(kind: str, training: dict[str, Any]) -> None:
    spec = parse(job(kind, training))
    assert spec.training is not None
    assert training.items() <= spec.training.model_dump(exclude_unset=True).items()
