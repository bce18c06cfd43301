"""Every format comes back value by value, with the splits that it gives or that a seed draws."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.integration.service.datasets.conftest import Import
from tests.support.datasets import making


def test_class_folders(imported: Import) -> None:
    found, stored = imported(making.zipped(making.class_files()))
    assert (found.format, stored.kind) == ("classes", "labelled")
    assert stored.manifest["classes"] == ["cat", "dog"]
    assert stored.labels is not None
    assert stored.labels.tolist() == [0] * 10 + [1] * 10
    np.testing.assert_array_equal(stored.sample(13), np.moveaxis(making.pixels(103), 2, 0))
    assert found.class_counts == {"train": [6, 6], "validation": [2, 2], "test": [2, 2]}


def test_splits_that_are_given_are_kept(imported: Import) -> None:
    files = {
        f"data/{split}/{name}": content
        for split, n in {"train": 6, "val": 3, "test": 2}.items()
        for name, content in making.class_files(n).items()
    }
    found, _ = imported(making.zipped(files))
    assert found.manifest["counts"] == {"train": 12, "validation": 6, "test": 4}


def test_a_split_that_is_not_given_is_drawn_from_the_training_samples(imported: Import) -> None:
    files = {
        f"{split}/{name}": content
        for split, n in {"train": 20, "test": 5}.items()
        for name, content in making.class_files(n).items()
    }
    found, _ = imported(making.zipped(files))
    assert found.manifest["counts"] == {"train": 32, "validation": 8, "test": 10}


def test_pairs_by_equal_names(imported: Import) -> None:
    files = making.pair_files()
    files["target/3.bmp"] = making.image(53, (12, 10), "BMP")
    del files["target/3.png"]
    found, stored = imported(making.zipped(files))
    assert (found.format, stored.kind) == ("pairs", "pairs")
    assert (stored.manifest["n_channels"], stored.manifest["target_channels"]) == (3, 1)
    for index in range(8):
        np.testing.assert_array_equal(
            stored.target(index), making.pixels(50 + index, (12, 10))[None]
        )


def test_plain_images_keep_their_sizes(imported: Import) -> None:
    found, stored = imported(making.zipped(making.plain_files()))
    assert (found.format, stored.kind) == ("images", "unlabelled")
    assert [stored.sample(i).shape for i in range(6)] == [(1, 20 + i, 30) for i in range(6)]
    assert stored.manifest["size_px"] == 20


def test_div2k_comes_with_its_own_names(imported: Import) -> None:
    files = {f"DIV2K_train_HR/{i:04}.png": making.image(i) for i in range(8)}
    files |= {f"DIV2K_valid_HR/{i:04}.png": making.image(i) for i in range(8, 11)}
    found, stored = imported(making.zipped(files))
    assert stored.kind == "unlabelled"
    assert found.manifest["counts"]["validation"] == 3


def test_images_are_converted_and_cut_when_asked(imported: Import) -> None:
    files = making.class_files(5)
    files["dog/grey.png"] = making.image(1, (30, 20))
    _, stored = imported(making.zipped(files), convert="grey", size_px=8)
    assert {stored.sample(i).shape for i in range(11)} == {(1, 8, 8)}


def test_an_image_lies_as_its_exif_says(imported: Import) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    buffer = io.BytesIO()
    Image.fromarray(making.pixels(1, (12, 10, 3))).save(buffer, "PNG", exif=exif)
    files = making.plain_files() | {f"{i}.png": making.image(i) for i in range(6)}
    files["0.png"] = buffer.getvalue()
    _, stored = imported(making.zipped(files))
    expected = np.rot90(making.pixels(1, (12, 10, 3)), k=-1)
    np.testing.assert_array_equal(stored.sample(0), np.moveaxis(expected, 2, 0))


def test_the_photograph_of_a_telephone_is_its_first_picture(imported: Import) -> None:
    """As it is written with a gain map or a second lens: MPO under the name of JPEG."""
    buffer = io.BytesIO()
    photograph, other = (Image.new("RGB", (10, 12), (tone, 9, 9)) for tone in (200, 30))
    photograph.save(buffer, "MPO", save_all=True, append_images=[other])
    files = making.class_files(5) | {"cat/x.jpg": buffer.getvalue()}
    _, stored = imported(making.zipped(files))
    np.testing.assert_allclose(stored.sample(5)[0], 200, atol=3)


def test_digits_as_npz_have_the_shares_of_the_built_in_set(imported: Import) -> None:
    bunch = load_digits()
    images = bunch.images.astype(np.uint8)
    found, stored = imported(making.npz(inputs=images, labels=bunch.target))
    assert (found.format, stored.kind) == ("npz", "labelled")
    np.testing.assert_array_equal(stored.sample(700)[0], images[700])
    assert abs(found.manifest["counts"]["train"] - 1078) <= 5
    assert found.class_counts is not None
    assert np.array(found.class_counts["test"]).min() >= 34


@pytest.mark.parametrize(
    ("shape", "n_dims", "sample", "expected_dims"),
    [
        ((20, 50), None, (1, 50), 1),
        ((20, 3, 50), 1, (3, 50), 1),
        ((20, 9, 8), None, (1, 9, 8), 2),
        ((20, 2, 9, 8), None, (2, 9, 8), 2),
        ((20, 6, 9, 8), 3, (1, 6, 9, 8), 3),
        ((20, 2, 6, 9, 8), None, (2, 6, 9, 8), 3),
    ],
)
def test_npz_of_signals_images_and_volumes(
    imported: Import,
    shape: tuple[int, ...],
    n_dims: int | None,
    sample: tuple[int, ...],
    expected_dims: int,
) -> None:
    values = np.random.default_rng(0).normal(size=shape)
    _, stored = imported(making.npz(x=values), n_dims=n_dims)
    assert stored.kind == "unlabelled"
    assert stored.manifest["n_dims"] == expected_dims
    assert stored.sample(4).shape == sample
    np.testing.assert_array_equal(stored.sample(4), values[4].astype(np.float32).reshape(sample))


def test_npz_with_labels_of_many_kinds_at_once(imported: Import) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (30, 3))
    values = making.pixels(0, (30, 8, 8))
    found, stored = imported(making.npz(x=values, y=labels, classes=["red", "round", "wet"]))
    assert stored.kind == "multilabel"
    assert stored.labels is not None
    np.testing.assert_array_equal(stored.labels, labels)
    assert found.class_counts is not None
    totals = np.array(list(found.class_counts.values())).sum(axis=0)
    np.testing.assert_array_equal(totals, labels.sum(axis=0))


@pytest.mark.parametrize("top", ["", "packed/"])
def test_images_with_a_table_of_their_labels(imported: Import, top: str) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, (30, 3))
    names = [f"{'ab'[index % 2]}/{index:02}.png" for index in range(30)]
    lines = [f"{name},{','.join(map(str, row))}" for name, row in zip(names, labels, strict=True)]
    random.shuffle(lines)
    files = {name: making.image(index) for index, name in enumerate(names)}
    files["labels.csv"] = "\n".join(["name, red, round, wet", *lines]).encode("utf-8-sig")
    files["groups.csv"] = "\n".join(f"{name},{name[2:4]}" for name in names).encode()
    found, stored = imported(making.zipped({f"{top}{n}": c for n, c in files.items()}))
    assert (found.format, stored.kind) == ("labels", "multilabel")
    assert stored.manifest["classes"] == ["red", "round", "wet"]
    order = sorted(range(30), key=names.__getitem__)
    np.testing.assert_array_equal(stored.labels, labels[order])
    np.testing.assert_array_equal(stored.sample(1), np.moveaxis(making.pixels(order[1]), 2, 0))


def test_a_table_beside_images_is_found_in_the_folder_that_was_packed(imported: Import) -> None:
    files = {f"set/{name}": content for name, content in making.plain_files(6).items()}
    files["set/groups.csv"] = b"name,group\n0.png,a\n1.png,a\n"
    found, stored = imported(making.zipped(files))
    assert found.format == "images"
    assert stored.splits[0] == stored.splits[1]


@pytest.mark.parametrize("kind", [str, str.encode])
def test_npz_with_targets_and_splits(imported: Import, kind: Callable[[str], object]) -> None:
    values = making.pixels(0, (10, 8, 8))
    splits = [kind("train")] * 6 + [kind("test")] * 2 + [kind("validation")] * 2
    _, stored = imported(making.npz(x=values, targets=255 - values, splits=splits))
    assert stored.rows("test").tolist() == [6, 7]
    np.testing.assert_array_equal(stored.target(3)[0], 255 - values[3])


@pytest.mark.parametrize("is_table", [False, True])
def test_a_group_is_never_divided(imported: Import, is_table: bool) -> None:
    groups = [f"patient {index // 4}" for index in range(40)]
    if is_table:
        files = making.class_files(20)
        rows = [f"{name},{g}" for name, g in zip(sorted(files), groups, strict=True)]
        files["groups.csv"] = "\n".join(["name,group", *rows]).encode()
        _, stored = imported(making.zipped(files))
    else:
        content = making.npz(x=making.pixels(0, (40, 8, 8)), y=np.arange(40) % 2, groups=groups)
        _, stored = imported(content)
    for group in set(groups):
        rows_of = [index for index, found in enumerate(groups) if found == group]
        assert len(set(stored.splits[rows_of].tolist())) == 1
    assert [len(stored.rows(split)) for split in ("train", "validation", "test")] == [24, 8, 8]


@pytest.mark.parametrize("is_gzipped", [False, True])
def test_mnist(imported: Import, is_gzipped: bool) -> None:
    found, stored = imported(making.zipped(making.mnist_files(40, is_gzipped=is_gzipped)))
    assert (found.format, stored.kind) == ("idx", "labelled")
    # "t10k" sorts before "train".
    np.testing.assert_array_equal(stored.sample(5)[0], making.pixels(1, (20, 9, 7))[5])
    assert len(stored.rows("test")) == 20
    assert len(stored.rows("validation")) == 8


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_cifar_10(imported: Import, pack: Callable[[Mapping[str, bytes]], bytes]) -> None:
    found, stored = imported(pack(making.cifar10_files()))
    assert found.format == "cifar"
    assert stored.manifest["classes"][3] == "cat"
    np.testing.assert_array_equal(
        stored.sample(31), making.pixels(2, (30, 3072))[1].reshape(3, 32, 32)
    )
    assert stored.rows("test").tolist() == list(range(60, 90))
    assert any("readme.html" in warning for warning in found.warnings)


def test_cifar_100_takes_the_fine_label(imported: Import) -> None:
    _, stored = imported(making.zipped(making.cifar100_files()))
    assert len(stored.manifest["classes"]) == 100
    assert stored.labels is not None
    assert stored.labels[:100].tolist() == list(range(100))


def test_how_it_was_packed_changes_nothing(imported: Import) -> None:
    files = making.class_files()
    turned = {f"wrapped/{name}": files[name] for name in reversed(files)}
    turned["__MACOSX/._x"] = b"clutter"
    turned["wrapped/.DS_Store"] = b"clutter"
    # As `tar -czf set.tar.gz .` names them.
    dotted = making.tarred({f"./{name}": content for name, content in files.items()})
    packed = (making.zipped(files), making.zipped(turned), making.tarred(files), dotted)
    assert len({imported(content)[0].sha256 for content in packed}) == 1


def test_the_preview_is_an_image_for_every_kind(imported: Import, tmp_path: Path) -> None:
    contents = {
        "classes": making.zipped(making.class_files()),
        "pairs": making.zipped(making.pair_files()),
        "plain": making.zipped(making.plain_files()),
        "signals": making.npz(x=np.random.default_rng(0).normal(size=(20, 50))),
        "volumes": making.npz(x=making.pixels(0, (20, 6, 9, 8))),
    }
    for name, content in contents.items():
        options = {"n_dims": 3} if name == "volumes" else {}
        found, _ = imported(content, **options)
        with Image.open(tmp_path / "datasets" / found.sha256 / "preview.png") as sheet:
            assert sheet.format == "PNG"
            assert np.asarray(sheet).std() > 10


def test_warnings_name_what_is_wrong(imported: Import) -> None:
    files = making.class_files(12, ("cat", "dog"))
    files |= {f"fish/{index}.png": making.image(900 + index) for index in range(200)}
    files["fish/twin.png"] = files["cat/00.png"]
    files["README.txt"] = b"hello"
    found, _ = imported(making.zipped(files))
    text = " ".join(found.warnings)
    assert "fish has 201 samples, cat has 12" in text
    assert "Fewer than 10 training samples: cat, dog" in text
    assert "README.txt" in text
    assert "cat/00.png" in text or "within a split" in text


def test_a_small_clean_set_is_told_to_be_small_alone(imported: Import) -> None:
    found, _ = imported(making.zipped(making.class_files(100)))
    assert found.warnings == []
