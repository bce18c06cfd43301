"""Whatever is wrong with an upload is refused by its name, and nothing of it stays."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.datasets.formats.tables import groups_of
from service.datasets.options import ImportOptions
from service.datasets.sources import zips
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError, StorageFullError
from tests.integration.service.datasets.conftest import Import
from tests.support.datasets import bad, making

X = making.pixels(0, (20, 8, 8))
Y = np.arange(20) % 2

CASES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # What is sent, the entry that is named, and part of the reason.
    "nothing": (lambda: b"", "", "no bytes"),
    "no archive": (lambda: b"hello" * 200, "", "pack it as one"),
    "empty zip": (lambda: making.zipped({}), "", "empty"),
    "clutter alone": (lambda: making.zipped({"__MACOSX/x": b"1"}), "", "empty"),
    "zip cut off": (lambda: making.zipped(bad.GOOD)[:-40], "", "no whole zip file"),
    "absolute path": (lambda: bad.named("/etc/x.png"), "/etc/x.png", "relative"),
    "path upwards": (lambda: bad.named("cat/../../x.png"), "cat/../../x.png", "relative"),
    "windows path": (lambda: bad.named("cat\\x.png"), "cat\\x.png", "relative"),
    "windows drive": (lambda: bad.named("C:x.png"), "C:x.png", "relative"),
    "name with escapes": (lambda: bad.named("cat/\x1b[2J.png"), "cat/\\x1b[2J.png", "printable"),
    "link": (bad.link, "cat/link.png", "link"),
    "password": (bad.locked, "cat/00.png", "password"),
    "same name twice": (bad.twice, "cat/00.png", "twice"),
    "zip bomb": (bad.bomb, "", "bomb"),
    "file without a name": (lambda: bad.zip_of(zipfile.ZipInfo("")), "", "no name"),
    "wrong place": (bad.misplaced, "cat/00.png", "place is wrong"),
    "wrong checksum": (bad.damaged_middle, "cat/02.png", "damaged"),
    "pixels of a bomb": (
        lambda: bad.named_image(bad.image_bomb()),
        "cat/x.png",
        "80,000,000 pixels",
    ),
    "animation": (lambda: bad.named_image(bad.animation("PNG")), "cat/x.png", "animation"),
    "name of nothing": (lambda: bad.named("."), ".", "no name"),
    "accents written in two ways": (
        lambda: bad.beside(**{"e\u0301__1.png": making.image(1), "\xe9__1.png": making.image(2)}),
        "\xe9/1.png",
        "twice",
    ),
    "corrupt image": (lambda: bad.named_image(making.image(1)[:-60]), "cat/x.png", "decoded"),
    "no image": (lambda: bad.named_image(b"hello"), "cat/x.png", "none of PNG"),
    "empty image": (lambda: bad.named_image(b""), "cat/x.png", "decoded"),
    "format that is not read": (lambda: bad.named_image(bad.gif()), "cat/x.png", "none of PNG"),
    "mixed channels": (
        lambda: bad.named_image(making.image(1, (9, 9))),
        "cat/x.png",
        "1 channels",
    ),
    "16 bits": (lambda: bad.named_image(bad.mode("I;16")), "cat/x.png", "float32"),
    "16 bits of colour": (lambda: bad.named_image(bad.deep_colours()), "cat/x.png", "float32"),
    "16 bits of colour, PPM": (
        lambda: bad.named_image(b"P6 8 8 65535\n" + bytes(8 * 8 * 6)), "cat/x.png", "float32",
    ),
    "transparent": (lambda: bad.named_image(bad.mode("RGBA")), "cat/x.png", "transparent"),
    "one class": (lambda: making.zipped(making.class_files(9, ("cat",))), "", "'cat'"),
    "image beside classes": (
        lambda: bad.beside(**{"x.png": making.image(1)}),
        "format",
        "which of",
    ),
    "foreign file": (lambda: bad.beside(**{"cat__run.exe": b"MZ"}), "cat/run.exe", "no image"),
    "too few": (lambda: making.zipped(making.plain_files(2)), "", "no sample is left"),
    "input alone": (
        lambda: making.zipped(making.pair_files() | {"input/lone.png": making.image(1)}),
        "input/lone.png",
        "no target",
    ),
    "target alone": (
        lambda: making.zipped(making.pair_files() | {"target/lone.png": making.image(1)}),
        "target/lone.png",
        "no input",
    ),
    "targets alone": (
        lambda: making.zipped({f"target/{i}.png": making.image(i) for i in range(5)}),
        "target/0.png",
        "no input",
    ),
    "pair of two sizes": (
        lambda: making.zipped(making.pair_files() | {"target/3.png": making.image(1, (8, 8))}),
        "input/3.png",
        "12x10, its target 8x8",
    ),
    "group of a stranger": (
        lambda: bad.beside(**{"groups.csv": b"name,group\ncat/99.png,a\n"}),
        "groups.csv",
        "cat/99.png",
    ),
    "groups that are no table": (
        lambda: bad.beside(**{"groups.csv": b"\xff\xfe\0"}), "groups.csv", "UTF-8"
    ),
    "labels of a stranger": (lambda: bad.labels("a.png,1"), "labels.csv", "line 2 names a.png"),
    "labels without a head": (lambda: bad.labels("", head="0.png,1"), "labels.csv", "line 1"),
    "labels of equal names": (lambda: bad.labels("", head="name,a,a"), "labels.csv", "different"),
    "labels that are none": (lambda: bad.labels("0.png,yes"), "labels.csv", "should have 0 or 1"),
    "labels with a gap in a line": (lambda: bad.labels("0.png"), "labels.csv", "each of 1 labels"),
    "labels in two lines": (lambda: bad.labels("0.png,1\n0.png,0"), "labels.csv", "second time"),
    "labels of some": (lambda: bad.labels("0.png,1"), "1.png", "no line in labels.csv"),
    "empty table of labels": (lambda: bad.labels("", head=""), "labels.csv", "line 1"),
    "tar with a link": (lambda: bad.tar_with(tarfile.SYMTYPE), "cat/x.png", "link"),
    "tar with a hard link": (lambda: bad.tar_with(tarfile.LNKTYPE), "cat/x.png", "link"),
    "tar with a device": (lambda: bad.tar_with(tarfile.CHRTYPE), "cat/x.png", "device"),
    "tar with a path upwards": (
        lambda: making.tarred({"../x.png": making.image(1)}), "../x.png", "relative"
    ),
    "tar with a header that fills memory": (
        lambda: bad.tar_with_extra(tarfile.GNUTYPE_LONGNAME, 2**20), "././@LongLink", "1,048,576"
    ),
    "tar with attributes that fill memory": (
        lambda: bad.tar_with_extra(tarfile.XHDTYPE, 2**20), "././@LongLink", "1,048,576 bytes"
    ),
    "tar with a broken header in the middle": (bad.broken_tar, "", "bad checksum"),
    "tar that ends before its end": (
        lambda: bad.tar_of(bad.GOOD)[: 5 * 1024],
        "",
        "send all of it",
    ),
    "tar cut off": (lambda: making.tarred(making.cifar10_files())[:-4000], "", "damaged"),
    "pickle": (bad.pickled, "inputs", "pickles"),
    "header nested without end": (
        lambda: making.zipped({"x.npy": bad.npy_of(b"-" * 9000 + b"1\n")}), "inputs", "no array"
    ),
    "header that is never closed": (
        lambda: making.zipped({"x.npy": bad.npy_of(b"(" * 5000 + b"\n")}), "inputs", "no array"
    ),
    "array longer than its header": (
        lambda: making.zipped({"x.npy": bad.npy((4, 4, 4)) + b"x"}), "inputs", "longer"
    ),
    "rows that fill memory": (
        lambda: making.zipped({"x.npy": bad.npy((4, 2**11, 2**11, 2**10))}),
        "inputs",
        "bytes a row",
    ),
    "structures": (
        lambda: making.npz(x=np.zeros(20, [("a", "f4"), ("b", "i4")])), "inputs", "give numbers"
    ),
    "complex numbers": (lambda: making.npz(x=np.ones((20, 9), complex)), "inputs", "complex128"),
    "dates": (lambda: making.npz(x=np.zeros((20, 9), "M8[s]")), "inputs", "datetime64"),
    "one number": (lambda: making.npz(x=np.float32(3)), "inputs", "samples come first"),
    "one label": (lambda: making.npz(x=X, y=np.int64(3)), "labels", "one value or row a sample"),
    "labels of fractions": (lambda: making.npz(x=X, y=Y / 2), "labels", "whole numbers"),
    "labels without end": (
        lambda: making.npz(x=X, y=np.zeros((20, 10_001), bool)), "labels", "10,001 labels"
    ),
    "classes without end": (
        lambda: making.npz(x=X, y=Y, classes=[str(i) for i in range(10_001)]),
        "classes",
        "10,001 classes",
    ),
    "class of a long name": (
        lambda: making.npz(x=X, y=Y, classes=["a" * 201, "b"]), "classes", "at most 200"
    ),
    "one class of two that are named": (
        lambda: making.npz(x=X, y=Y * 0 + 1, classes=["a", "b"]), "", "only the class 'b'"
    ),
    "groups of fractions": (
        lambda: making.npz(x=X, groups=np.full(20, np.nan)), "groups", "whole numbers or texts"
    ),
    "groups of half characters": (
        lambda: making.npz(x=X, groups=bad.coded(0xD800)), "groups", "not Unicode"
    ),
    "splits of no characters": (
        lambda: making.npz(x=X, splits=bad.coded(0x7FFFFFFF)), "splits", "not Unicode"
    ),
    "classes of no characters": (
        lambda: making.npz(x=X, y=Y, classes=bad.coded(0x110000)[:2]), "classes", "not Unicode"
    ),
    "classes of foreign bytes": (
        lambda: making.npz(x=X, y=Y, classes=[b"\xff", b"a"]), "classes", "not UTF-8"
    ),
    "npz without inputs": (lambda: making.npz(labels=Y), "inputs", "missing"),
    "unknown array": (lambda: making.npz(x=X, y=Y, z=Y), "z", "unknown"),
    "labels too few": (lambda: making.npz(x=X, y=Y[:-1]), "labels", "19 rows"),
    "labels below 0": (lambda: making.npz(x=X, y=Y - 1), "labels", "-1 is out of range"),
    "labels above": (
        lambda: making.npz(x=X, y=Y * 2, classes=["a", "b"]), "labels", "2 is out of range"
    ),
    "labels with a gap": (lambda: making.npz(x=X, y=Y * 5), "labels", "only 2 of the classes"),
    "labels of text": (lambda: making.npz(x=X, y=Y.astype(str)), "labels", "whole numbers"),
    "one class in npz": (lambda: making.npz(x=X, y=Y * 0), "", "only the class"),
    "labels beyond 1": (lambda: making.npz(x=X, y=np.full((20, 3), 2)), "labels", "0 or 1"),
    "NaN": (
        lambda: making.npz(x=np.where(np.arange(20)[:, None] == 7, np.nan, np.ones((20, 9)))),
        "inputs[7]",
        "NaN",
    ),
    "too large for float32": (lambda: making.npz(x=np.full((20, 9), 1e300)), "inputs[0]", "infin"),
    "channels last": (lambda: making.npz(x=np.zeros((20, 8, 8, 3))), "inputs", "moveaxis"),
    "six axes": (lambda: making.npz(x=np.zeros((4,) * 6)), "inputs", "shape"),
    "targets and labels": (lambda: making.npz(x=X, y=Y, targets=X), "targets", "either"),
    "targets too few": (lambda: making.npz(x=X, targets=X[:5]), "targets", "5 rows"),
    "unknown split": (lambda: making.npz(x=X, splits=["val?"] * 20), "splits", "is none of train"),
    "group in two splits": (
        lambda: making.npz(x=X, groups=["a"] * 20, splits=["train", "test"] * 10),
        "groups",
        "two splits",
    ),
    "array in columns": (
        lambda: making.zipped({"x.npy": bad.npy((4, 4, 4), is_fortran=True)}), "inputs", "columns"
    ),
    "array that promises more": (
        lambda: making.zipped({"x.npy": bad.npy((10**12, 9, 9))}), "inputs", "too early"
    ),
    "array of nothing": (
        lambda: making.zipped({"x.npy": bad.npy((10**15, 0))}), "inputs", "impossible shape"
    ),
    "array of texts of no length": (
        lambda: making.zipped({"x.npy": bad.npy((20, 8)), "groups.npy": bad.npy((20,), "<U0")}),
        "groups",
        "impossible shape",
    ),
    "header that is code": (
        lambda: making.zipped({"x.npy": b"\x93NUMPY\1\0\x20\0__import__('os').getpid()      \n"}),
        "inputs",
        "no array",
    ),
    "cifar cut off": (
        lambda: bad.cifar(data_batch_2=making.cifar_batch(9, 1)[:-1]),
        "cifar-10-batches-bin/data_batch_2.bin",
        "multiple of 3,073",
    ),
    "cifar with a foreign label": (
        lambda: bad.cifar(data_batch_2=b"\x0a" + b"\0" * 3072),
        "cifar-10-batches-bin/data_batch_2.bin[0]",
        "label 10",
    ),
    "cifar of one class": (
        lambda: making.zipped({"data_batch_1.bin": (b"\3" + b"\7" * 3072) * 20}),
        "",
        "only the class '3'",
    ),
    "mnist without labels": (
        lambda: bad.mnist(train_labels_idx1_ubyte=None), "train-images-idx3-ubyte", "labels"
    ),
    "mnist longer than its head": (
        lambda: bad.mnist(train_images_idx3_ubyte=making.idx_images(X) + b"x"),
        "train-images-idx3-ubyte",
        "longer than its head",
    ),
    "mnist with labels too many": (
        lambda: bad.mnist(
            train_labels_idx1_ubyte=making.idx_labels(np.zeros(20, np.uint8)) + b"x"
        ),
        "train-labels-idx1-ubyte",
        "longer than its head",
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
    "mnist cut off": (
        lambda: bad.mnist(train_images_idx3_ubyte=making.idx_images(X)[:-1]),
        "train-images-idx3-ubyte",
        "too early",
    ),
    "mnist with labels too few": (
        lambda: bad.mnist(train_labels_idx1_ubyte=making.idx_labels(Y[:3].astype(np.uint8))),
        "train-images-idx3-ubyte",
        "20 images and 3 labels",
    ),
    "mnist that is none": (
        lambda: bad.mnist(train_labels_idx1_ubyte=b"\0\0\x0d\1" + b"\0" * 40),
        "train-labels-idx1-ubyte",
        "no idx file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_by_its_name_and_nothing_stays(
    imported: Import, tmp_path: Path, case: str
) -> None:
    make, entry, reason = CASES[case]
    with pytest.raises(InvalidDatasetError, match=reason) as refused:
        imported(make())
    assert refused.value.entry == entry
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == [".lock"]


def test_a_list_of_files_too_long_to_read_is_refused_before_it_is(
    imported: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = making.zipped({f"{name:0200}": b"" for name in range(50)})
    monkeypatch.setattr(zips, "DIRECTORY_BYTES_PER_FILE", 5)

    def unread(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(zipfile.ZipFile, "__init__", unread)
    with pytest.raises(InvalidDatasetError, match="more than"):
        imported(content)


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_too_many_files_are_refused_with_the_setting(
    pack: Callable[[Any], bytes], imported: Import
) -> None:
    content = pack(making.class_files(5))
    with pytest.raises(InvalidDatasetError, match=r"more than 9 files: raise .*_DATASET_FILES"):
        imported(content, n_files=9)
    imported(content, n_files=10)


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_too_many_bytes_are_refused_with_the_setting(
    pack: Callable[[Any], bytes], imported: Import
) -> None:
    files = {f"{name}/{i}.bmp": making.image(i, form="BMP") for name in "ab" for i in range(9)}
    with pytest.raises(InvalidDatasetError, match="1,600 bytes: raise DENSEARCH_MAX_DATASET_B"):
        imported(pack(files), max_bytes=100)


class Endless(io.RawIOBase):
    """A table whose lines never end."""

    n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self.n_read += len(buffer)
        assert self.n_read < 2**20
        buffer[:] = (b"a\n" * len(buffer))[: len(buffer)]
        return len(buffer)


def test_a_table_is_refused_at_its_first_wrong_line_without_reading_the_rest() -> None:
    table = SourceEntry("groups.csv", 2**27, lambda: io.BufferedReader(Endless()))
    with pytest.raises(InvalidDatasetError, match="line 1 has 1 columns"):
        groups_of(table, [])
    table = SourceEntry("groups.csv", 2**30, lambda: io.BufferedReader(Endless()))
    with pytest.raises(InvalidDatasetError, match="larger than 268,435,456 bytes"):
        groups_of(table, [])


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


@pytest.mark.parametrize(
    "wrong", [{"validation": 0.6, "test": 0.4}, {"name": "\x1b[2J"}, {"name": " "}, {"sede": 1}]
)
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation|Name|sede"):
        ImportOptions(**({"name": "x"} | wrong))


@pytest.mark.parametrize("room", [100, 300, 420])
@pytest.mark.parametrize("storage", ["values", "encoded"])
def test_a_disk_that_fills_up_at_any_file_is_said(
    room: int, storage: str, imported: Import
) -> None:
    """Also where it is full by a few bytes, in a file that is written at once."""
    files = {f"{name}/{i}.ppm": b"P5 1 1 255\n%c" % i for name in "ab" for i in range(9)}
    content = making.zipped(files)  # images take 216 bytes, values 146, shapes 560, labels 272
    with pytest.raises(StorageFullError):
        imported(content, most_in_a_file=room, storage=storage)
