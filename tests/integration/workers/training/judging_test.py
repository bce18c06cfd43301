"""Trainings that end early, and schedules that are cut: values never move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.support.packs import densities
from tests.support.packs import train as train_together
from tests.support.trainings import (
    DENOISING,
    DIGITS,
    DNCNN,
    SMALL_CNN,
    TEXTURES,
    learning,
    run,
    task,
)
from workers.training import judging
from workers.training.loop import train
from workers.training.task import Outcome, Status

TINY = {**DENOISING, "n_patches": 64}
COSINE = {"schedule": "cosine", "epochs": 4}
LEARNED = {"denoising": learning(DNCNN, scope="layer")}
LEARNED["classification"] = learning(SMALL_CNN, scope="layer")


@pytest.mark.parametrize("section", [TINY, DIGITS])
@pytest.mark.parametrize("density", ["fixed", "none", "learned"])
def test_the_last_epochs_validation_loss_is_the_value_in_every_bit(
    section: dict[str, Any], density: str
) -> None:
    """So a pruned value, which is an epoch's validation loss, is in a completed one's units."""
    changes: dict[str, Any] = {} if density == "fixed" else {"phi": None}
    if density == "learned":
        changes["gradient"] = LEARNED[section["kind"]]
    measurements, outcome = run(task(section, **changes))
    assert outcome.status is Status.COMPLETED
    assert outcome.value == outcome.curve[-1] == measurements[-1].metrics["val_loss"]
    assert outcome.curve == tuple(m.metrics["val_loss"] for m in measurements)


JUDGED: list[tuple[dict[str, Any], dict[str, Any], int | None, int | None]] = [
    (DIGITS, SMALL_CNN, 359, None),
    (TEXTURES, SMALL_CNN, 144, 3),
    ({"kind": "classification", "dataset": "waveforms"}, SMALL_CNN, None, None),
    ({"kind": "multilabel", "dataset": "mosaics"}, SMALL_CNN, 500, 1),
    (TINY, DNCNN, 3, None),
    ({**TINY, "kind": "image_to_image", "dataset": "blurred_photos"}, DNCNN, 3, None),
    (
        {"kind": "segmentation", "dataset": "collages", "patch_px": 24, "n_patches": 16},
        {"kind": "unet", "depth": 1, "n_stages": 2, "width": 4, "kernel_size": 3},
        24,
        1,
    ),
]


def in_both(*of_bfloat16: dict[str, Any]) -> list[Any]:
    """Return each case in float32 and bfloat16; of bfloat16 by hand, but for these tasks."""
    return [
        pytest.param(
            *case,
            precision,
            id=f"{precision}-{case[0]['kind']}-{case[0].get('dataset', 'own')}",
            marks=[pytest.mark.slow] * (precision == "bfloat16" and case[0] not in of_bfloat16),
        )
        for precision in ("float32", "bfloat16")
        for case in JUDGED
    ]


# What is kept of items follows the task; bfloat16 changes how a label or an image is computed.
@pytest.mark.parametrize(
    ("section", "network", "n_items", "n_groups", "precision"), in_both(DIGITS, TINY)
)
def test_the_losses_of_items_have_the_test_loss_as_their_mean(
    section: dict[str, Any],
    network: dict[str, Any],
    n_items: int | None,
    n_groups: int | None,
    precision: str,
) -> None:
    training = {"epochs": 1, "precision": precision}
    _, outcome = run(task(section, network=network, phi=None, split="test", training=training))
    assert outcome.items is not None
    assert outcome.items.losses is not None
    assert outcome.items.losses.dtype == np.float32
    assert float(outcome.items.losses.astype(float).mean()) == pytest.approx(outcome.value)
    assert n_items in (None, outcome.items.n_items)
    groups = outcome.items.groups
    assert n_groups == (None if groups is None else len(np.unique(groups)))


def test_candidates_of_a_pack_have_the_losses_of_their_own_items() -> None:
    of = [task(DIGITS, split="test", phi=phi, training={"epochs": 1}) for phi in densities(3)]
    alone = [run(one)[1] for one in of]
    packed = [steps[-1] for steps in train_together(of)]
    for one, other in zip(alone, packed, strict=True):
        assert one.items is not None
        assert other.items is not None
        assert other.items.losses is not None
        mean = float(other.items.losses.astype(float).mean())
        assert mean == pytest.approx(other.value)
        assert other.items.losses == pytest.approx(one.items.losses, abs=0.05)


def test_a_search_keeps_no_losses_of_items() -> None:
    assert run(task(TINY, training={"epochs": 1}))[1].items is None


@pytest.mark.parametrize("section", [TINY, DIGITS])
def test_a_hopeless_training_is_pruned_with_its_last_loss(section: dict[str, Any]) -> None:
    whole = task(section, training={"epochs": 4})
    full_measurements, full = run(whole)
    limits = [math.inf, math.nextafter(full.curve[1], 0), math.inf]
    measurements, pruned = run(whole, stop_above=limits)
    assert pruned.status is Status.PRUNED
    assert pruned.value == pruned.metrics["loss"] == full.curve[1]
    assert pruned.curve == full.curve[:2]
    assert [m.metrics for m in measurements] == [m.metrics for m in full_measurements[:2]]
    kept = {f"val_{name}": value for name, value in pruned.metrics.items()}
    assert kept == {k: v for k, v in measurements[-1].metrics.items() if k.startswith("val_")}
    assert pruned.weights is None


@pytest.mark.parametrize("extra", [(), (0.0, 0.0)])
def test_limits_that_are_never_passed_change_nothing(extra: tuple[float, ...]) -> None:
    """A loss at its limit is not above it; the last epoch completes a training whatever it is."""
    whole = task(DIGITS, training={"epochs": 3}, keep_weights=True)
    _, full = run(whole)
    _, watched = run(whole, stop_above=(*full.curve[:2], *extra))
    assert watched.status is Status.COMPLETED
    assert (watched.value, watched.metrics, watched.curve) == (
        full.value,
        full.metrics,
        full.curve,
    )
    assert watched.weights == full.weights


def test_limits_for_the_first_epochs_alone_leave_the_others_alone() -> None:
    whole = task(DIGITS, training={"epochs": 3})
    assert run(whole, stop_above=[math.inf])[1].status is Status.COMPLETED
    assert run(whole, stop_above=[0.0])[1].curve == run(whole)[1].curve[:1]


def test_a_training_judged_on_the_test_split_has_a_curve_and_cannot_be_pruned() -> None:
    judged = task(DIGITS, split="test")
    _, outcome = run(judged)
    assert outcome.curve == run(task(DIGITS))[1].curve
    assert outcome.value != outcome.curve[-1]
    with pytest.raises(ValueError, match="only a training that is judged on the validation split"):
        run(judged, stop_above=[1.0])


def test_a_diverged_training_keeps_the_losses_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([True, True, False])
    monkeypatch.setattr(judging, "weights_are_finite", lambda _: next(answers))
    measurements, outcome = run(task(DIGITS, training={"epochs": 5}))
    assert (outcome.status, outcome.value, outcome.metrics) == (Status.DIVERGED, None, {})
    assert outcome.curve == tuple(m.metrics["val_loss"] for m in measurements)
    assert len(outcome.curve) == 2


def test_a_cancelled_training_keeps_its_curve() -> None:
    looks = iter([False] * 3 + [True])
    _, outcome = run(task({**TINY, "n_patches": 32}, training={"epochs": 9}), lambda: next(looks))
    assert outcome.status is Status.CANCELLED
    assert len(outcome.curve) == 3


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("gradient", [None, LEARNED["classification"]])
def test_a_cut_training_is_the_beginning_of_the_full_one(
    optimizer: str, gradient: dict[str, Any] | None
) -> None:
    settings = {**COSINE, "optimizer": optimizer, "lr": 0.01, "weight_decay": 0.01}
    full = run(task(DIGITS, phi=None, gradient=gradient, training=settings))[1]
    short = {**settings, "epochs": 2, "schedule_epochs": 4}
    cut = run(task(DIGITS, phi=None, gradient=gradient, training=short))[1]
    assert cut.curve == full.curve[:2]
    assert cut.value == full.curve[1]
    shortened = run(
        task(DIGITS, phi=None, gradient=gradient, training={**short, "schedule_epochs": None})
    )[1]
    assert shortened.curve[0] != full.curve[0]


def test_a_constant_schedule_is_that_of_trainings_without_one() -> None:
    plain = run(task(DIGITS))[1]
    for schedule in ({"schedule": "constant"}, {"schedule": "constant", "schedule_epochs": 9}):
        assert run(task(DIGITS, training=schedule))[1].curve == plain.curve
    assert run(task(DIGITS, training={"schedule": "cosine"}))[1].curve != plain.curve


def test_a_training_ends_at_its_rung_as_a_whole_one_was_there() -> None:
    whole = task(TINY, training={"epochs": 3})
    _, full = run(whole)
    *_, outcome = train(whole, rung=2)
    assert isinstance(outcome, Outcome)
    assert outcome.status is Status.AT_RUNG
    assert outcome.curve == full.curve[:2]
    assert outcome.value == outcome.metrics["loss"] == full.curve[1]
    assert outcome.weights is None
    *_, pruned = train(whole, stop_above=(-math.inf,), rung=2)
    assert isinstance(pruned, Outcome)
    assert pruned.status is Status.PRUNED  # whichever comes first
    *_, last = train(whole, rung=3)
    assert isinstance(last, Outcome)
    assert (last.status, last.value) == (Status.COMPLETED, full.value)


def test_only_what_is_judged_on_validation_has_a_rung() -> None:
    with pytest.raises(ValueError, match="judged on the validation split"):
        next(train(task(TINY, split="test"), rung=1))
