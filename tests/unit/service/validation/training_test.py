"""What a kind of task, its images and its epochs allow in a training."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.validation.parse import parse


def job(kind: str, training: dict[str, Any], **task: str) -> dict[str, Any]:
    return {
        "name": "job", "task": {"kind": kind, **task}, "training": training,
        "budget": {"n_trials": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "training", "pointer", "reason"),
    [
        ("denoising", {"label_smoothing": 0.1}, "/training/label_smoothing", "no classes"),
        ("image_to_image", {"label_smoothing": 0.1}, "/training/label_smoothing", "no classes"),
        ("multilabel", {"label_smoothing": 0.1}, "/training/label_smoothing", "no classes"),
        ("denoising", {"augmentation": {"crop_padding_px": 1}},
         "/training/augmentation/crop_padding_px", "random places"),
        ("image_to_image", {"augmentation": {"crop_padding_px": 1}},
         "/training/augmentation/crop_padding_px", "random places"),
        ("multilabel", {"augmentation": {"crop_padding_px": 32}},
         "/training/augmentation/crop_padding_px", "at most 31"),
        ("classification", {"augmentation": {"crop_padding_px": 8}},
         "/training/augmentation/crop_padding_px", "at most 7"),
        ("classification", {"epochs": 3, "warmup_epochs": 3},
         "/training/warmup_epochs", "at most 2"),
        ("classification", {"schedule": "one_cycle", "warmup_epochs": 1},
         "/training/warmup_epochs", "by itself"),
        ("classification", {"clip_norm": 0.0}, "/training/clip_norm", "greater than 0"),
        ("classification", {"label_smoothing": 1.0}, "/training/label_smoothing", "less than 1"),
        ("classification", {"drop_last": True, "batch_size": 1079}, "/training/batch_size",
         "no batch of 1079 would be left of it; use at most 1078"),
        ("denoising", {"drop_last": True, "batch_size": 1025}, "/training/batch_size",
         "use at most 1024"),
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


STORED: dict[str, Any] = {"dataset": "stored:1"}


@pytest.mark.parametrize(
    ("task", "pointer", "reason"),
    [
        ({"kind": "denoising", "dataset": "phantoms"}, "/task/patch_px", "at most 32"),
        ({"kind": "image_to_image", **STORED, "patch_px": 33, "data": {"size_px": 32}},
         "/task/patch_px", "at most 32"),
        ({"kind": "denoising", **STORED, "patch_px": 16, "data": {"size_px": 9}},
         "/task/patch_px", "9 px wide; store the set without samples below 16 px"),
        ({"kind": "denoising", **STORED, "patch_px": 24,
          "data": {"size_px": 17, "least_px": {"train": 200, "validation": 20, "test": 17}}},
         "/task/patch_px", "validation and test splits: the smallest is 17 px wide; use at most"),
        ({"kind": "classification", **STORED, "data": {"size_px": 9, "is_uniform": False}},
         "/task/dataset", "one size"),
        ({"kind": "multilabel", **STORED, "data": {"size_px": 9, "is_uniform": False}},
         "/task/dataset", "one size"),
        ({"kind": "classification", **STORED, "data": {"size_px": 9, "is_encoded": True}},
         "/task/size_px", "give the side to train at"),
        ({"kind": "multilabel", **STORED, "size_px": 16, "data": {"size_px": 9}},
         "/task/size_px", "storage=encoded"),
        ({"kind": "classification", "dataset": "digits", "size_px": 16},
         "/task/size_px", "leave it out"),
    ],
)  # fmt: skip
def test_samples_that_do_not_fit_the_task_are_refused(
    task: dict[str, Any], pointer: str, reason: str
) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        parse({"name": "job", "task": task, "budget": {"n_trials": 2}})
    (fault,) = refusal.value.faults
    assert fault.pointer == pointer
    assert reason in fault.detail


def test_a_searched_batch_that_no_epoch_fills_is_refused() -> None:
    high = {"low": 8, "high": 1079, "integer": True}
    body = job("classification", {"drop_last": True}) | {"search": {"batch_size": high}}
    with pytest.raises(InvalidSpecError) as refusal:
        parse(body)
    (fault,) = refusal.value.faults
    assert (fault.pointer, "at most 1078" in fault.detail) == ("/search/batch_size", True)
    parse(body | {"training": {}})
    parse(body | {"search": {"batch_size": high | {"high": 1078}}})


@pytest.mark.parametrize(
    "task",
    [
        {"kind": "denoising", "dataset": "phantoms", "patch_px": 32},
        {"kind": "denoising", **STORED, "data": {"size_px": 40, "is_uniform": False}},
        {"kind": "image_to_image", **STORED},
        {"kind": "classification", **STORED, "size_px": 64, "data": {"is_encoded": True}},
    ],
)
def test_samples_that_fit_or_are_not_known_yet_are_taken(task: dict[str, Any]) -> None:
    parse({"name": "job", "task": task, "budget": {"n_trials": 2}})


@pytest.mark.parametrize(
    ("kind", "training"),
    [
        ("denoising", {"augmentation": {"flip": True}, "clip_norm": 1.0, "warmup_epochs": 1}),
        ("image_to_image", {"augmentation": {"flip": True}}),
        ("multilabel", {"augmentation": {"flip": True, "crop_padding_px": 31}}),
        ("classification", {"label_smoothing": 0.1, "schedule": "one_cycle"}),
        ("classification", {"drop_last": True, "batch_size": 1078}),
        ("multilabel", {"batch_size": 4096}),
        ("classification", {"augmentation": {"flip": True, "crop_padding_px": 7}}),
    ],
)
def test_what_fits_is_taken(kind: str, training: dict[str, Any]) -> None:
    spec = parse(job(kind, training))
    assert spec.training is not None
    assert training.items() <= spec.training.model_dump(exclude_unset=True).items()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"training": {"steps": 400, "epochs": 4}}, "/training/epochs"),
        ({"training": {"steps": 400}, "search": {"epochs": {"choices": [2, 4]}}},
         "/search/epochs"),
        ({"training": {"steps": 400, "warmup_epochs": 10}}, "/training/warmup_epochs"),
        ({"training": {"steps": 1}, "fidelity": {"search_fraction": 0.5, "promote": 1}},
         "/fidelity"),
    ],
)  # fmt: skip
def test_a_training_has_one_length(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidSpecError) as refusal:
        parse({**job("classification", {}), **changes})
    assert [fault.pointer for fault in refusal.value.faults] == [pointer]


@pytest.mark.parametrize(
    ("steps", "epochs"), [(1, 1), (9, 9), (10, 10), (15, 8), (25, 9), (400, 10), (401, 10)]
)
def test_the_server_fills_in_the_epochs_of_steps_and_takes_them_back(
    steps: int, epochs: int
) -> None:
    spec = parse(job("classification", {"steps": steps}))
    assert spec.training is not None
    assert spec.training.epochs == epochs
    assert parse(spec.model_dump(mode="json")).training == spec.training
