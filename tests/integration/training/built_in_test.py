"""The built-in sets: what the service says of them, and where they come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from service.tasks.families import LabelledTask, PatchTask
from service.tasks.registry import TASKS, built_in_sets
from workers.training.data import phantoms, photos, textures, waveforms
from workers.training.data.faces import load_faces
from workers.training.data.images import grey_image
from workers.training.data.mosaics import PATCH_PX, load_mosaics
from workers.training.data.registry import labelled_dataset, patch_dataset

CPU = torch.device("cpu")
SPLITS = ("train", "validation", "test")
LABELLED, PATCHED = (
    [(kind, name) for kind, name, _ in built_in_sets() if issubclass(TASKS[kind].section, family)]
    for family in (LabelledTask, PatchTask)
)


@pytest.mark.parametrize(("kind", "name"), LABELLED)
def test_the_service_knows_the_shape_of_labelled_sets(kind: str, name: str) -> None:
    data = labelled_dataset(kind, name, CPU)
    info = TASKS[kind].sets[name]
    known = (info.n_dims, info.n_channels, info.size_px, info.n_outputs, info.n_training)
    shape, n_training = data.shape, len(data.splits["train"].labels)
    assert known == (
        shape.n_dims, shape.n_channels, shape.size_px, data.n_outputs, n_training
    )  # fmt: skip
    assert info.is_uniform
    assert labelled_dataset(kind, name, CPU) is data


@pytest.mark.parametrize(("kind", "name"), PATCHED)
def test_the_service_knows_the_shape_of_sets_of_patches(kind: str, name: str) -> None:
    data = patch_dataset(kind, name, CPU)
    info = TASKS[kind].sets[name]
    known = (info.n_dims, info.n_channels, info.n_outputs)
    assert known == (data.n_dims, data.n_channels[0], data.n_outputs)
    assert info.size_px in {None, min(data.splits[split].least_px for split in SPLITS)}
    assert patch_dataset(kind, name, CPU) is data


@pytest.mark.parametrize(("kind", "name"), LABELLED)
def test_what_is_trained_on_is_standardised_and_in_no_other_split(kind: str, name: str) -> None:
    data = labelled_dataset(kind, name, CPU)
    splits = {
        split: torch.cat([x for x, _ in data.splits[split].batches(512)]) for split in SPLITS
    }
    assert float(splits["train"].mean()) == pytest.approx(0.0, abs=1e-3)
    assert float(splits["train"].std()) == pytest.approx(1.0, abs=1e-3)
    seen = [{sample.numpy().tobytes() for sample in splits[split]} for split in SPLITS]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


@pytest.mark.parametrize("name", ["digits", "textures", "faces", "waveforms"])
def test_every_class_is_in_every_split(name: str) -> None:
    data = labelled_dataset("classification", name, CPU)
    for split in data.splits.values():
        assert set(split.labels.tolist()) == set(range(data.n_outputs))


@pytest.mark.parametrize(("kind", "name"), PATCHED)
def test_what_is_judged_are_other_samples(kind: str, name: str) -> None:
    data = patch_dataset(kind, name, CPU)
    seen = [
        {
            window.numpy().tobytes()
            for _, _, parts in data.splits[split].tiles()
            for window in parts[-1]
        }
        for split in SPLITS
    ]
    assert sum(map(len, seen)) == len(set.union(*seen))
    ((*_, crops),) = data.crops
    if name in ("phantoms", "collages"):
        assert {crop.numpy().tobytes() for crop in crops} == seen[1]
    else:
        assert crops.shape == (24, 1, 96, 96)


def test_faces_come_first_in_their_file() -> None:
    from skimage import data

    faces = data.lfw_subset()
    # Half of each class in every split.
    for images, labels in load_faces().values():
        assert labels.sum() * 2 == len(labels)
        wanted = {image.astype(np.float32).tobytes() for image in faces[:100]}
        assert all(
            (image.tobytes() in wanted) == bool(label)
            for image, label in zip(images, labels, strict=True)
        )


def test_the_least_error_of_waveforms_is_that_of_the_book() -> None:
    """0.14 on page 54: a classifier that knows the densities, on the generated signals."""
    signals, labels = waveforms.load_waveforms()["train"]
    shares, weights = np.polynomial.legendre.leggauss(64)
    shares, weights = (shares + 1) / 2, weights / 2
    coordinates = np.arange(1, 22)
    triangle = {c: np.maximum(6 - abs(coordinates - c), 0) for c in (7, 11, 15)}
    scores = []
    # The classes of the book: h1 has its top at 11, h2 at 15, h3 at 7.
    for one, other in ((11, 15), (11, 7), (15, 7)):
        means = shares[:, None] * triangle[one] + (1 - shares[:, None]) * triangle[other]
        squares = ((signals[:, None].astype(float) - means) ** 2).sum(axis=2)
        scores.append(logsumexp(-squares / 2, axis=1, b=weights))
    error = float((np.argmax(scores, axis=0) != labels).mean())
    # Three standard deviations of 3000 draws.
    assert error == pytest.approx(0.14, abs=3 * np.sqrt(0.14 * 0.86 / 3000))


def test_the_labels_of_mosaics_say_what_is_in_them() -> None:
    for split, (tiles, labels) in load_mosaics().items():
        combinations = np.unique(labels, axis=0, return_counts=True)[1]
        assert len(combinations) == 7
        assert combinations.min() > len(labels) / 14
        if split == "train":  # the largest region by far, of the same code
            continue
        windows = {
            name: {
                patch.tobytes()
                for row in np.lib.stride_tricks.sliding_window_view(
                    textures.region(name, split), (PATCH_PX, PATCH_PX)
                )
                for patch in row
            }
            for name in textures.CLASSES
        }
        for tile, wanted in zip(tiles[:40], labels[:40], strict=True):
            quarters = tile.reshape(2, PATCH_PX, 2, PATCH_PX).swapaxes(1, 2).reshape(4, -1)
            found = [any(q.tobytes() in windows[n] for q in quarters) for n in textures.CLASSES]
            assert found == wanted.astype(bool).tolist()
            assert all(any(q.tobytes() in windows[n] for n in windows) for q in quarters)


def test_an_ellipsoid_has_the_volume_of_its_formula() -> None:
    coordinates = np.indices((phantoms.SIDE_PX,) * 3) + 0.5
    # Large and in the middle: nothing of it is cut off.
    drawn = iter([np.full(3, 16.0), np.array([6.0, 7.0, 8.0])])

    class Fixed:
        uniform = staticmethod(lambda *_: next(drawn))
        standard_normal = staticmethod(np.random.default_rng(0).standard_normal)

    covered = phantoms._ellipsoid(coordinates, Fixed())  # type: ignore[arg-type]
    assert covered.sum() == pytest.approx(4 / 3 * np.pi * 6 * 7 * 8, rel=0.03)
    # Its second moments are those of semi-axes 6, 7 and 8, however it is turned.
    away = (coordinates - 16.0).reshape(3, -1)
    moments = (away * covered.ravel()) @ away.T / covered.sum()
    found = np.sqrt(5 * np.linalg.eigvalsh(moments))
    np.testing.assert_allclose(found, [6, 7, 8], rtol=0.03)


def test_phantoms_are_volumes_between_0_and_1_and_all_different() -> None:
    volumes = [v for split in phantoms.load_phantoms().values() for v in split]
    assert len({volume.tobytes() for volume in volumes}) == 40
    assert all(v.shape == (32, 32, 32) and v.min() >= 0 and v.max() <= 1 for v in volumes)
    assert min(volume.std() for volume in volumes) > 0.05


def test_blurred_photographs_are_gaussian_averages_of_their_neighbourhood() -> None:
    """Away from the edges, written out as a sum over the plane."""
    image = grey_image("moon")
    soft = photos.blurred(image)
    assert np.array_equal(np.round(soft * 255), np.round(soft * 255, 3))
    reach = np.arange(-8, 9)
    kernel = np.exp(-(reach**2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    for row, column in [(100, 100), (300, 77)]:
        around = image[row - 8 : row + 9, column - 8 : column + 9]
        wanted = kernel @ around.astype(float) @ kernel
        assert soft[row, column] == pytest.approx(wanted, abs=0.6 / 255)
