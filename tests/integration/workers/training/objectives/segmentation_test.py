"""Segmentation: its loss and metrics by other packages, and what may not change its results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score, jaccard_score
from torch import Tensor, nn

from service.datasets.store.reader import IGNORED
from tests.support.interrupted import Stores, facts, undisturbed, until_killed
from tests.support.stored_images import store
from tests.support.trainings import PHI, run, task
from workers.training.data import registry
from workers.training.data.registry import patch_dataset
from workers.training.generators import generators_of
from workers.training.loop import train
from workers.training.objectives import build_objective
from workers.training.objectives.segmentation import SegmentationObjective, overlaps
from workers.training.packs import train_pack
from workers.training.task import Candidate

CPU = torch.device("cpu")
SECTION = {"kind": "segmentation", "dataset": "collages", "patch_px": 16, "n_patches": 64}
UNET = {"kind": "unet", "depth": 1, "n_stages": 2, "width": 4, "kernel_size": 3}
TASK = replace(task(SECTION), network=UNET)


class Fixed(nn.Module):
    """Scores pixels by their own value: class c is likely where the value is about c."""

    def __init__(self, n_classes: int, order: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.order = torch.tensor(order or range(n_classes))

    def forward(self, images: Tensor) -> Tensor:
        return -(images - self.order.view(-1, 1, 1) / 2).square()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    patch_dataset.cache_clear()


def objective(
    section: dict[str, Any] = SECTION, where: Path | None = None, **training: Any
) -> SegmentationObjective:
    found = build_objective(section, CPU, training, None if where is None else str(where))
    assert isinstance(found, SegmentationObjective)
    return found


def masks_with_holes(where: Path, sides: tuple[int, int] = (40, 30), n_classes: int = 4) -> str:
    """Store images of several sizes whose masks have pixels of no class."""
    random = np.random.default_rng(3)
    images, masks = [], []
    for index in range(12):
        size = (1, sides[0] + index, sides[1] + 2 * index)
        mask = random.integers(n_classes, size=size).astype(np.uint8)
        images.append((40 * mask + random.integers(40, size=size)).astype(np.uint8))
        mask[random.random(size) < 0.1] = IGNORED
        masks.append(mask)
    return store(where, images, masks, classes=[f"class {i}" for i in range(n_classes)])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_cross_entropy_plus_dice_over_pixels_with_a_class(smoothing: float) -> None:
    torch.manual_seed(0)
    outputs = torch.randn(3, 3, 5, 4, requires_grad=True)
    targets = torch.randint(3, (3, 5, 4))
    targets[0, :2] = IGNORED
    kept = targets != IGNORED
    entropy = nn.functional.cross_entropy(
        outputs, targets, ignore_index=IGNORED, label_smoothing=smoothing
    )
    likely, truth = outputs.softmax(1).movedim(1, -1)[kept], torch.eye(3)[targets[kept]]
    dice = (2 * (likely * truth).sum(0) + 1) / (likely.sum(0) + truth.sum(0) + 1)
    loss = objective(label_smoothing=smoothing).loss(outputs, targets)
    torch.testing.assert_close(loss, entropy + 1 - dice.mean())
    assert torch.autograd.grad(loss, outputs)[0][0, :, :2].abs().max() == 0


def test_pixels_of_no_class_alone_give_a_finite_loss() -> None:
    outputs = torch.randn(2, 3, 4, 4, requires_grad=True)
    loss = objective().loss(outputs, torch.full((2, 4, 4), IGNORED))
    (gradient,) = torch.autograd.grad(loss, outputs)
    assert loss.isfinite()
    assert gradient.isfinite().all()


def test_overlaps_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    truth, answers = random.integers(5, size=(2, 400))
    truth[truth == 3] = 2  # 3 is answered and never there; 4 is neither
    truth[truth == 4], answers[answers == 4] = 0, 1
    counts = np.zeros((5, 5), np.int64)
    np.add.at(counts, (truth, answers), 1)
    found = overlaps(counts)
    # Over the classes that occur, as scikit-learn has it by itself.
    assert found["iou"] == pytest.approx(jaccard_score(truth, answers, average="macro"))
    assert found["dice"] == pytest.approx(f1_score(truth, answers, average="macro"))
    assert found["pixel_accuracy"] == pytest.approx((truth == answers).mean())
    assert overlaps(np.zeros((2, 2), np.int64)) == {"iou": 0, "dice": 0, "pixel_accuracy": 0}


def test_every_pixel_of_the_test_split_is_judged_once_whatever_the_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = objective({**SECTION, "dataset": masks_with_holes(tmp_path)}, tmp_path)
    assert one.n_outputs == 4
    network = Fixed(4)
    truth, answers = [], []
    for _, _, (inputs, masks) in one.data.splits["test"].tiles():  # whole, as they are small
        kept = masks[:, 0] != IGNORED
        truth.append(masks[:, 0][kept].long())
        answers.append(network(one.normalise(inputs)).double().movedim(1, -1)[kept])
    wanted, outputs = torch.cat(truth), torch.cat(answers)
    likely, classes = outputs.softmax(1), torch.eye(4)[wanted]
    dice = (2 * (likely * classes).sum(0) + 1) / (likely.sum(0) + classes.sum(0) + 1)
    loss = float(nn.functional.cross_entropy(outputs, wanted) + 1 - dice.mean())
    answered = outputs.argmax(1)
    # Of a network that answers each pixel with the shares of the classes.
    shares = classes.double().mean(0)
    constant = (2 * shares * classes.sum(0) + 1) / (shares * len(wanted) + classes.sum(0) + 1)
    alike = nn.functional.cross_entropy(shares.log().expand(len(wanted), -1), wanted)
    for most_px in (None, 600):
        if most_px is not None:
            for table, value in {"MOST_PX": most_px, "WINDOW_PX": 24, "CONTEXT_PX": 4}.items():
                monkeypatch.setattr(f"workers.training.data.tiles.{table}", {2: value})
        found = one.evaluate(network, "test", thorough=True)
        assert found == pytest.approx(
            {
                "loss": loss,
                "iou": jaccard_score(wanted, answered, average="macro"),
                "dice": f1_score(wanted, answered, average="macro"),
                "pixel_accuracy": float((wanted == answered).double().mean()),
                "constant_loss": float(alike + 1 - constant.mean()),
            },
            rel=1e-6,
        )


def test_the_order_of_classes_changes_nothing(tmp_path: Path) -> None:
    order = (2, 0, 3, 1)
    found = []
    for folder, numbers in (("a", (0, 1, 2, 3)), ("b", order)):
        random = np.random.default_rng(5)
        masks = [random.integers(4, size=(1, 20, 20)).astype(np.uint8) for _ in range(9)]
        images = [
            (50 * mask + random.integers(9, size=mask.shape)).astype(np.uint8) for mask in masks
        ]
        named = [np.array(numbers, np.uint8)[mask] for mask in masks]
        name = store(tmp_path / folder, images, named, classes=list("wxyz"))
        one = objective({**SECTION, "dataset": name}, tmp_path / folder)
        network = Fixed(4, tuple(np.argsort(numbers).tolist()))
        found.append(one.evaluate(network, "test", thorough=True))
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_flips_and_patches_take_image_and_mask_together(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    masks = [random.integers(3, size=(1, 30, 40)).astype(np.uint8) for _ in range(9)]
    name = store(tmp_path, [100 * mask for mask in masks], masks, classes=["a", "b", "c"])
    section = {**SECTION, "dataset": name, "n_patches": 16}
    plain, flipped = (
        [*objective(section, tmp_path, augmentation=a).batches(8, generators_of(0, CPU))]
        for a in (None, {"flip": True})
    )
    for batch in (*plain, *flipped):
        inputs, classes = batch
        levels = torch.unique(inputs)
        assert torch.equal(levels[classes], inputs[:, 0])
    assert any(not torch.equal(a, b) for (a, _), (b, _) in zip(plain, flipped, strict=True))


def test_held_and_read_sets_give_the_same_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = masks_with_holes(tmp_path)
    of = replace(TASK, task={**SECTION, "dataset": name}, data_dir=str(tmp_path))
    held = run(of)[1]
    patch_dataset.cache_clear()
    monkeypatch.setattr(registry, "HELD_BYTES", 0)
    assert run(of)[1].metrics == held.metrics


def test_a_pack_of_any_width_gives_the_same_results() -> None:
    phis = [PHI, None, ((1.0,) * 3,) * 3]
    candidates = [Candidate(replace(TASK, phi=phi)) for phi in phis]
    together = outcomes(candidates)
    assert [o.metrics for o in outcomes(candidates[:2])] == [o.metrics for o in together[:2]]
    alone = run(candidates[0].task)[1]
    assert together[0].metrics == pytest.approx(alone.metrics, rel=0.05)


def outcomes(candidates: list[Candidate]) -> list[Any]:
    found = dict(train_pack(candidates))  # the last item of each
    return [found[index] for index in range(len(candidates))]


def test_an_interrupted_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    for step in (1, 3):
        begun = until_killed(TASK, step, stores(str(step)))
        rest = list(train(TASK, store=stores(str(step))))
        assert len(begun) == step // 2
        assert facts(rest) == undisturbed(TASK)
    assert stores.said == []
