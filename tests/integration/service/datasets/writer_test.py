"""What samples make no set, and what a set is named by."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from service.datasets import progress
from service.datasets.importing import import_upload
from service.datasets.options import ImportOptions
from service.datasets.progress import ImportProgress, Stage
from service.datasets.sources.entries import Limits
from service.datasets.store.workspace import workspace
from service.errors import InvalidDatasetError
from tests.support.datasets import bad, making, sources
from tests.support.datasets.importing import Case, Import, Refuses

X = making.pixels(0, (20, 8, 8))
Y = np.arange(20) % 2


CASES: dict[str, Case] = {
    "mixed channels": (
        lambda: bad.named_image(making.image(1, (9, 9))),
        "cat/x.png",
        "1 channels",
    ),
    "one class": (lambda: making.zipped(making.class_files(9, ("cat",))), "", "'cat'"),
    "pair of two sizes": (
        lambda: making.zipped(making.pair_files() | {"target/3.png": making.image(1, (8, 8))}),
        "input/3.png",
        "12x10, its target 8x8",
    ),
    "classes without end": (
        lambda: making.npz(x=X, y=Y, classes=[str(i) for i in range(10_001)]),
        "classes",
        "10,001 classes",
    ),
    "class of a long name": (
        lambda: making.npz(x=X, y=Y, classes=["a" * 201, "b"]),
        "classes",
        "at most 200",
    ),
    "one class of two that are named": (
        lambda: making.npz(x=X, y=Y * 0 + 1, classes=["a", "b"]),
        "",
        "only the class 'b'",
    ),
    "one class in npz": (lambda: making.npz(x=X, y=Y * 0), "", "only the class"),
    "cifar of one class": (
        lambda: making.zipped({"data_batch_1.bin": (b"\3" + b"\7" * 3072) * 20}),
        "",
        "only the class '3'",
    ),
    "mnist of one class": (
        lambda: making.zipped(
            {
                "images-idx3-ubyte": making.idx_images(making.pixels(0, (20, 9, 7))),
                "labels-idx1-ubyte": making.idx_labels(np.full(20, 3, np.uint8)),
            }
        ),
        "",
        "only the class '3'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_samples_that_make_no_set_are_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])


def test_values_beyond_the_limit_are_refused_as_they_are_written(imported: Import) -> None:
    # 1,000 images of 100x100 in one colour have few bytes as files, and 30 MB as values.
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100)).save(buffer, "PNG")
    files = {f"{index:04}.png": buffer.getvalue() for index in range(1000)}
    with pytest.raises(
        InvalidDatasetError, match="16,000,000 bytes: raise DENSEARCH_MAX"
    ) as refused:
        imported(making.zipped(files), max_bytes=10**6)
    assert refused.value.entry == "0533.png"


def test_the_digest_follows_content_and_split_alone(tmp_path: Path) -> None:
    first = sources.written(sources.labelled(sources.images()), tmp_path / "a")
    again = sources.written(sources.labelled(sources.images()), tmp_path / "b")
    other_split = sources.written(sources.labelled(sources.images()), tmp_path / "c", seed=1)
    changed = sources.images()
    changed[3][0, 0, 0] ^= 1
    other_pixel = sources.written(sources.labelled(changed), tmp_path / "d")
    assert first.sha256 == again.sha256
    assert len({first.sha256, other_split.sha256, other_pixel.sha256}) == 3


def test_groups_are_part_of_the_content_but_not_their_names(tmp_path: Path) -> None:
    def digest(folder: str, groups: Sequence[str | None] | None) -> str:
        source = sources.labelled(sources.images(), groups, splits=groups is not None)
        return sources.written(source, tmp_path / folder).sha256

    plain = digest("plain", None)
    # What earlier versions called this set, which kept no groups: stored sets keep their names.
    assert plain == "9f8c6a69bc45d423a1c02feebcf1cd8156cd526694f2f3d0bcdcaf78099bc8ff"
    given = ["a", "a", "b", "b", "c", None, "d", "d", "e", None]
    pairs = digest("pairs", given)
    assert digest("renamed", [name and f"{name}!" for name in given]) == pairs
    single = digest("single", [None] * 10)
    assert digest("of one each", list("abcdefghij")) == single
    assert digest("fewer pairs", [None, None, *given[2:]]) not in {pairs, single}
    assert pairs != single


def test_all_files_are_done_at_the_end_also_those_that_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "REPORT_EVERY_S", 0.0)
    seen: list[tuple[Stage, int, int | None]] = []
    content = making.zipped(making.class_files(5) | {"cat/x.png": b"broken", "dog/y.png": b""})
    with workspace(tmp_path) as work:
        work.upload.write_bytes(content)
        options = ImportOptions(name="x", skip_bad=True)
        watched = ImportProgress(lambda *of: seen.append(of))
        import_upload(work, options, Limits(10**8), watched)
    numbers = [n_done for stage, n_done, _ in seen if stage is Stage.READING]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 12
    assert (Stage.READING, 12, 12) in seen
