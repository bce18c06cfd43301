"""Clipping, smoothing, augmentation and schedules in whole trainings."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.support.trainings import DENOISING, DIGITS, DNCNN, learning, run, task
from workers.training.generators import generators_of
from workers.training.objectives import build_objective

TINY = {**DENOISING, "n_patches": 64}
CPU = torch.device("cpu")
BOTH = {"flip": True, "crop_padding_px": 1}
SILENT = {
    "warmup_epochs": 0, "clip_norm": None, "label_smoothing": 0.0,
    "drop_last": False, "augmentation": {"flip": False, "crop_padding_px": 0},
}  # fmt: skip


@pytest.mark.parametrize("section", [TINY, DIGITS])
def test_what_is_left_at_its_default_changes_no_bit(section: dict[str, Any]) -> None:
    spoken = run(task(section, training=SILENT, keep_weights=True))[1]
    assert spoken.weights == run(task(section, keep_weights=True))[1].weights


@pytest.mark.parametrize(
    ("section", "changes"),
    [
        (TINY, {"augmentation": {"flip": True}}),
        (TINY, {"clip_norm": 0.1}),
        (DIGITS, {"augmentation": BOTH}),
        (DIGITS, {"label_smoothing": 0.2}),
        (DIGITS, {"schedule": "one_cycle"}),
        (DIGITS, {"warmup_epochs": 1}),
    ],
)
def test_each_changes_the_training_the_same_way_twice(
    section: dict[str, Any], changes: dict[str, Any]
) -> None:
    first, second = (run(task(section, training=changes, keep_weights=True))[1] for _ in "ab")
    assert first.weights == second.weights
    assert first.value != run(task(section))[1].value


def test_a_loose_norm_clips_nothing() -> None:
    clipped = run(task(DIGITS, training={"clip_norm": 1e6}, keep_weights=True))[1]
    assert clipped.weights == run(task(DIGITS, keep_weights=True))[1].weights


def test_every_density_sees_the_same_images() -> None:
    """The order, the noise and the changes come from streams that no density touches."""
    objective = build_objective(DIGITS, CPU, {"augmentation": BOTH})
    plain = build_objective(DIGITS, CPU, {})
    generators = [generators_of(7, CPU) for _ in range(3)]
    first, second, bare = (
        list(o.batches(64, s))
        for o, s in zip((objective, objective, plain), generators, strict=True)
    )
    for (one, labels), (other, _), (still, same) in zip(first, second, bare, strict=True):
        assert torch.equal(one, other)
        assert torch.equal(labels, same)
        assert not torch.equal(one, still)


def test_flipped_patches_carry_the_same_noise() -> None:
    flipped = build_objective(TINY, CPU, {"augmentation": {"flip": True}})
    plain = build_objective(TINY, CPU, {})
    (one, noise), *_ = flipped.batches(64, generators_of(7, CPU))
    (other, same), *_ = plain.batches(64, generators_of(7, CPU))
    assert torch.equal(noise, same)
    clean, straight = (x * 0.25 + 0.5 - 25 / 255 * noise for x in (one, other))
    kept = [torch.allclose(a, b, atol=1e-6) for a, b in zip(clean, straight, strict=True)]
    turned = [
        torch.allclose(a, b.flip(-1), atol=1e-6) for a, b in zip(clean, straight, strict=True)
    ]
    assert all(a or b for a, b in zip(kept, turned, strict=True))
    assert 10 < sum(kept) < 54


@pytest.mark.parametrize("clip_norm", [0.05, 1.0])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_clipping_reads_the_gradients_of_w(optimizer: str, clip_norm: float) -> None:
    """Fixed outside the passes, or learned at rest with the product in them: the same bits."""
    section = {**learning(DNCNN), "lr_factor": 0.0}
    settings = {"optimizer": optimizer, "lr": 0.01, "epochs": 1, "clip_norm": clip_norm}
    learned = run(task(TINY, phi=None, gradient=section, training=settings, keep_weights=True))[1]
    phi = ((0.64, 0.8, 0.64), (0.8, 1.0, 0.8), (0.64, 0.8, 0.64))
    fixed = run(task(TINY, phi=phi, training=settings, keep_weights=True))[1]
    assert fixed.value == pytest.approx(learned.value, rel=1e-6)


@pytest.mark.parametrize(
    ("section", "changes", "message"),
    [
        (TINY, {"label_smoothing": 0.1}, "no classes"),
        (TINY, {"augmentation": {"crop_padding_px": 2}}, "random places"),
        (DIGITS, {"augmentation": {"crop_padding_px": 8}}, "would miss an image"),
    ],
)
def test_what_does_not_fit_is_refused(
    section: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        run(task(section, training=changes))


def test_a_sample_alone_in_its_batch_fails_batch_norm_unless_it_is_left_out() -> None:
    """Of 1,078 digits one is left by batches of 359; three stages leave one pixel of eight."""
    network = {"kind": "resnet", "depth": 1, "n_stages": 4, "width": 2, "kernel_size": 3}
    training = {"batch_size": 359, "epochs": 1}
    with pytest.raises(ValueError, match=r"set training\.drop_last"):
        run(task(DIGITS, network=network, training=training))
    outcome = run(task(DIGITS, network=network, training={**training, "drop_last": True}))[1]
    assert outcome.status == "completed"
