"""The final evaluation sees every pixel of the test split, whatever its samples' sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torchmetrics.functional.image import peak_signal_noise_ratio
from torchmetrics.functional.image import structural_similarity_index_measure as torchmetrics_ssim

from densearch.nn.memory_format import lay_out
from densearch.plugins.objective import Objective
from densearch.plugins.shape import Split
from service.datasets.faults import Faults
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import Limits
from service.datasets.splits import SplitPlan
from service.datasets.store.reader import SPLITS, Kind, folder_of
from service.datasets.writer import write
from tests.support.trainings import SMALL_CNN, run, task
from workers.training.data import registry, tiles
from workers.training.data.noise import noise_at
from workers.training.fitting import require_fit
from workers.training.networks import build_network
from workers.training.objectives import build_objective
from workers.training.objectives.denoising import NOISE_SEEDS

CPU = torch.device("cpu")
SIGMA = 25
DNCNN = {"kind": "dncnn", "depth": 3, "width": 4, "kernel_size": 5}  # reaches 6 px
UNET = {"kind": "unet", "depth": 1, "n_stages": 3, "width": 4, "kernel_size": 3}
NAFNET = {"kind": "nafnet", "depth": 1, "n_stages": 2, "width": 4, "kernel_size": 3}
# By the number of axes, of the samples of a test split.
SIDES: Mapping[int, Sequence[tuple[int, ...]]] = {
    1: [(900,), (171,)],
    2: [(150, 171), (40, 200), (30, 30), (30, 30)],
    3: [(50, 20, 16), (17, 16, 43)],
}
Images = list[NDArray[np.uint8]]


def images(*sides: tuple[int, ...], seed: int = 0) -> Images:
    """Smooth grey images."""
    random = np.random.default_rng(seed)
    found = []
    for own in sides:
        places = np.meshgrid(*(np.arange(side) for side in own), indexing="ij")
        waves = sum(np.sin(place * random.uniform(0.1, 0.6)) for place in places)
        found.append(np.asarray(127 + 120 * waves / len(own)).astype(np.uint8)[None])
    return found


def store(data_dir: Path, splits: Mapping[str, Images], targets: Images | None = None) -> str:
    """Store images in given splits; targets are the test split's."""
    samples = (
        Sample(f"{split}{i}", values, targets[i] if targets and split == "test" else target,
               split=split)
        for split, of_split in splits.items()
        for i, values in enumerate(of_split)
        for target in [None if targets is None else values]
    )  # fmt: skip
    kind: Kind = "unlabelled" if targets is None else "pairs"
    n_dims = splits["train"][0].ndim - 1
    work = data_dir / "datasets" / "work"
    work.mkdir(parents=True)
    written = write(Source(kind, n_dims, samples), work, SplitPlan(), Limits(10**8), Faults())
    work.rename(folder_of(data_dir, written.sha256))
    return f"stored:{written.sha256}"


def section(dataset: str, kind: str = "denoising", patch_px: int = 16) -> dict[str, Any]:
    noise = {"noise_sigma": SIGMA} if kind == "denoising" else {}
    return {"kind": kind, "dataset": dataset, **noise, "patch_px": patch_px, "n_patches": 8}


def network_for(objective: Objective, wanted: Mapping[str, Any] = DNCNN) -> nn.Module:
    """A network whose normalisations and factors are not those that it starts with."""
    generator = torch.Generator().manual_seed(0)
    built = build_network(wanted, objective.shape, objective.n_outputs, generator, "framework")
    for name, parameter in built.named_parameters():
        if name.endswith(("beta", "gamma")):
            parameter.data.fill_(0.5)
    for _ in range(3):
        sides = [32] * objective.shape.n_dims
        built(torch.randn(2, objective.shape.n_channels, *sides, generator=generator))
    return built.eval()


def shrink(monkeypatch: pytest.MonkeyPatch, window_px: int, context_px: int) -> None:
    for name, px in (("WINDOW_PX", window_px), ("CONTEXT_PX", context_px)):
        monkeypatch.setattr(tiles, name, dict.fromkeys((1, 2, 3), px))
    monkeypatch.setattr(tiles, "MOST_PX", {n: window_px**n for n in (1, 2, 3)})


@pytest.fixture(autouse=True)
def _fresh() -> None:
    registry.patch_dataset.cache_clear()


def test_the_test_split_is_judged_as_papers_do_it_image_by_image(tmp_path: Path) -> None:
    test = images((70, 50), (33, 90), (70, 50), (400, 410), seed=2)
    splits = {"train": images((40, 40)), "validation": images((40, 40), seed=1), "test": test}
    name = store(tmp_path, splits)
    objective = build_objective(section(name), CPU, {}, str(tmp_path))
    network = network_for(objective)
    found = objective.evaluate(network, "test", thorough=True)
    errors, clipped, similar = [], [], []
    with torch.inference_mode():
        for number, image in enumerate(test):
            clean = torch.from_numpy(image)[None] / 255
            window = [slice(0, side) for side in image.shape[1:]]
            noise = noise_at(NOISE_SEEDS["test"], number, 1, window)
            noisy = clean + SIGMA / 255 * noise
            restored = noisy - SIGMA / 255 * network(lay_out(objective.normalise(noisy)))  # type: ignore[attr-defined]
            errors.append(float((restored - clean).double().square().mean()))
            clipped.append(float(peak_signal_noise_ratio(restored, clean, data_range=(0.0, 1.0))))
            similarity = torchmetrics_ssim(restored, clean, data_range=(0.0, 1.0))
            assert isinstance(similarity, torch.Tensor)
            similar.append(float(similarity))
    assert found["loss"] == pytest.approx(np.mean(errors), rel=1e-6)
    assert found["psnr_db"] == pytest.approx(np.mean(-10 * np.log10(errors)), rel=1e-6)
    assert found["psnr_clipped_db"] == pytest.approx(np.mean(clipped), rel=1e-6)
    assert found["ssim_gaussian"] == pytest.approx(np.mean(similar), rel=1e-5)
    assert list(found)[:3] == ["loss", "psnr_clipped_db", "ssim_gaussian"]


@pytest.mark.parametrize(
    ("kind", "n_dims"),
    [("denoising", 1), ("denoising", 2), ("image_to_image", 2), ("denoising", 3)],
)
def test_metrics_do_not_depend_on_how_samples_are_cut_and_held(
    kind: str, n_dims: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = [(20,) * n_dims]
    test = images(*SIDES[n_dims], seed=2)
    splits = {"train": images(*small), "validation": images(*small, seed=1), "test": test}
    targets = None if kind == "denoising" else [255 - image for image in test]
    name = store(tmp_path, splits, targets)
    wanted = {**DNCNN, "kernel_size": 3}  # reaches 3 px
    found = []
    for window_px, context_px, held_bytes in [(4096, 8, 2**30), (48, 16, 2**30), (40, 8, 0)]:
        shrink(monkeypatch, window_px, context_px)
        monkeypatch.setattr(registry, "HELD_BYTES", held_bytes)
        registry.patch_dataset.cache_clear()
        objective = build_objective(section(name, kind), CPU, {}, str(tmp_path))
        found.append(objective.evaluate(network_for(objective, wanted), "test", thorough=True))
    assert ("ssim_gaussian" in found[0]) == (n_dims > 1)
    for other in found[1:]:
        assert list(other) == list(found[0])
        assert other == pytest.approx(found[0], rel=1e-5)


@pytest.mark.parametrize("wanted", [UNET, {**UNET, "depth": 2}], ids=["thin", "deep"])
def test_networks_of_several_scales_see_the_same_grid_in_tiles(
    wanted: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = {"train": images((40, 40)), "validation": images((40, 40), seed=1),
              "test": images((201, 330), seed=2)}  # fmt: skip
    objective = build_objective(section(store(tmp_path, splits)), CPU, {}, str(tmp_path))
    network = network_for(objective, wanted)
    whole = objective.evaluate(network, "test", thorough=True)
    shrink(monkeypatch, 160, 48)
    assert objective.evaluate(network, "test", thorough=True) == pytest.approx(whole, rel=1e-5)


def test_a_network_that_averages_over_the_image_is_judged_by_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its means over a window are others: the one case that tiles change, and only a little."""
    splits = {"train": images((40, 40)), "validation": images((40, 40), seed=1),
              "test": images((300, 310), seed=2)}  # fmt: skip
    objective = build_objective(section(store(tmp_path, splits)), CPU, {}, str(tmp_path))
    network = network_for(objective, NAFNET)
    whole = objective.evaluate(network, "test", thorough=False)
    shrink(monkeypatch, 192, 64)
    in_tiles = objective.evaluate(network, "test", thorough=False)
    assert in_tiles["loss"] == pytest.approx(whole["loss"], rel=0.02)


@pytest.mark.parametrize("kind", ["denoising", "image_to_image"])
@pytest.mark.parametrize("number", [1, 50, 98])
def test_no_pixel_of_a_large_test_split_is_left_out(
    kind: str, number: int, tmp_path: Path
) -> None:
    """Of 99 images 64 were judged, and of an image larger than a crop a part."""
    test = images(*[(30, 30)] * 98, (150, 150), seed=2)
    changed = [image.copy() for image in test]
    changed[number][0, -1, -1] ^= 128
    losses = []
    for place, of_test in enumerate((test, changed)):
        splits = {"train": images((40, 40)), "validation": images((40, 40)), "test": of_test}
        folder = tmp_path / str(place)
        name = store(folder, splits, None if kind == "denoising" else test)
        objective = build_objective(section(name, kind), CPU, {}, str(folder))
        losses.append(objective.evaluate(network_for(objective), "test", thorough=False)["loss"])
    assert losses[0] != losses[1]


def test_a_training_judged_on_the_test_split_has_the_metrics_of_papers(tmp_path: Path) -> None:
    splits = {"train": images((40, 40)), "validation": images((40, 40), seed=1),
              "test": images((100, 120), (20, 17), seed=2)}  # fmt: skip
    name = store(tmp_path, splits)
    given = task(
        section(name), network=DNCNN, phi=None, split="test", training={"epochs": 1},
        data_dir=str(tmp_path),
    )  # fmt: skip
    measurements, outcome = run(given)
    assert set(measurements[0].metrics) == {
        "train_loss", "val_loss", "val_psnr_clipped_db", "val_psnr_db"
    }  # fmt: skip
    assert list(outcome.metrics) == [
        "loss", "psnr_clipped_db", "ssim_gaussian", "psnr_db", "ssim", "noisy_psnr_db",
        "constant_loss",
    ]  # fmt: skip


# Small samples


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    ("side", "patch_px", "reason"),
    [
        (20, 24, "has a side of 20 px, a patch 24 px: use patch_px of at most 20"),
        (9, 16, "has a side of 9 px: metrics need at least 11"),
        (6, 6, "has a side of 6 px: metrics need at least 11"),
    ],
)
def test_a_sample_that_is_too_small_is_refused_before_the_first_step(
    split: Split, side: int, patch_px: int, reason: str, tmp_path: Path
) -> None:
    splits = {name: images((40, 40), (50, 60), seed=i) for i, name in enumerate(SPLITS)}
    splits[split] += images((70, side))
    name = store(tmp_path, splits)
    with pytest.raises(ValueError, match=f"of the {split} split {reason}"):
        build_objective(section(name, patch_px=patch_px), CPU, {}, str(tmp_path))


def test_one_small_sample_changes_no_other_crop(tmp_path: Path) -> None:
    large = images(*[(120, 130)] * 3)
    splits = {"train": large, "validation": [*large, *images((17, 200))], "test": large}
    objective = build_objective(section(store(tmp_path, splits)), CPU, {}, str(tmp_path))
    shapes = [tuple(clean.shape[1:]) for _, clean in objective.judged_crops()]  # type: ignore[attr-defined]
    assert shapes == [(1, 17, 96), (1, 96, 96)]
    assert np.isfinite(
        objective.evaluate(network_for(objective), "validation", thorough=True)["ssim"]
    )


class Halving(nn.Module):
    """Takes sides that 4 divides alone, as a network of a package may."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.PixelUnshuffle(4), nn.PixelShuffle(4)
        self.middle = nn.Conv2d(16, 16, 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return as many pixels."""
        found: torch.Tensor = self.up(self.middle(self.down(values)))
        return found


def test_a_network_that_cannot_take_what_is_judged_is_refused_before_training(
    tmp_path: Path,
) -> None:
    splits = {"train": images((40, 40)), "validation": images((40, 40)), "test": images((40, 42))}
    objective = build_objective(section(store(tmp_path, splits)), CPU, {}, str(tmp_path))
    with pytest.raises(ValueError, match=r"fails on samples of shape \(1, 40, 42\)"):
        require_fit(Halving(), objective, CPU)


# Labels


@pytest.mark.parametrize("n_classes", [5, 6])
def test_every_sample_with_a_label_is_judged(n_classes: int, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(700) % n_classes
    samples = (
        Sample(f"s{i}", random.integers(0, 256, (1, 12, 12), dtype=np.uint8), label=int(label),
               split=SPLITS[min(i // 50, 2)])
        for i, label in enumerate(labels)
    )  # fmt: skip
    work = tmp_path / "datasets" / "work"
    work.mkdir(parents=True)
    classes = [f"c{number}" for number in range(n_classes)]
    written = write(
        Source("labelled", 2, samples, classes), work, SplitPlan(), Limits(10**8), Faults()
    )
    work.rename(folder_of(tmp_path, written.sha256))
    chosen = {"kind": "classification", "dataset": f"stored:{written.sha256}"}
    objective = build_objective(chosen, CPU, {}, str(tmp_path))
    network = network_for(objective, SMALL_CNN)
    found = objective.evaluate(network, "test", thorough=True)
    batches = list(objective.data.splits["test"].batches(64))  # type: ignore[attr-defined]
    seen = torch.cat([labels for _, labels in batches])
    assert len(seen) == 600
    with torch.no_grad():
        logits = torch.cat([network(lay_out(values)) for values, _ in batches])
    right = (logits.argmax(1) == seen).double().mean()
    assert found["accuracy"] == pytest.approx(float(right))
    assert ("accuracy_top5" in found) == (n_classes > 5)
