"""Whatever is wrong with an upload is refused by its name, and nothing of it stays."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.datasets import zips
from service.datasets.options import ImportOptions
from service.datasets.splits import SplitPlan, assign
from service.errors import InvalidDatasetError
from tests.integration.service.datasets import making
from tests.integration.service.datasets.conftest import Import

GOOD = making.class_files(4)


def _with(**files: bytes) -> bytes:
    return making.zipped(GOOD | {name.replace("__", "/"): found for name, found in files.items()})


def _named(name: str) -> bytes:
    return making.zipped(GOOD | {name: making.image(1)})


def _zip_of(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO(making.zipped(GOOD))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def _link() -> bytes:
    info = zipfile.ZipInfo("cat/link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return _zip_of(info, b"/etc/passwd")


def _locked() -> bytes:
    content = bytearray(making.zipped(GOOD))
    # The first bit of the flags, in every entry of the list at the end.
    at = content.find(b"PK\1\2")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\1\2", at + 4)
    return bytes(content)


def _twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return _zip_of(zipfile.ZipInfo("cat/00.png"))


def _damaged_middle() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
    damaged = bytearray(stored.getvalue())
    at = damaged.find(GOOD["cat/02.png"])
    damaged[at + 60] ^= 0xFF
    return bytes(damaged)


def _misplaced() -> bytes:
    content = bytearray(making.zipped(GOOD))
    # Where the list begins, at the end: 5 further, so that files seem to begin 5 before the first.
    (place,) = struct.unpack_from("<L", content, len(content) - 6)
    struct.pack_into("<L", content, len(content) - 6, place + 5)
    return bytes(content)


def _bomb() -> bytes:
    return making.zipped({"a/1.png": b"\0" * (150 * 2**20), "b/1.png": b""})


def _image_bomb() -> bytes:
    # 30,000 x 30,000 grey pixels are declared in a file of 100 bytes.
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _mode(mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


def _tar_with(kind: bytes, name: str = "cat/x.png", target: str = "/etc/passwd") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return buffer.getvalue()


def _tar_of(files: Mapping[str, bytes]) -> bytes:
    return making.tarred(files, "w")


def _broken_tar() -> bytes:
    content = bytearray(_tar_of(GOOD))
    # The name in the header of the last file: its checksum is wrong then.
    content[content.rfind(b"dog/03.png")] ^= 1
    return bytes(content)


def _tar_with_extra(kind: bytes, n_bytes: int) -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, n_bytes
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"a" * n_bytes + b"\0" * 1024)


def _animation(form: str) -> bytes:
    buffer = io.BytesIO()
    first, second = (Image.fromarray(making.pixels(seed)) for seed in range(2))
    first.save(buffer, form, save_all=True, append_images=[second])
    return buffer.getvalue()


def _coded(character: int) -> NDArray[np.str_]:
    """Twenty texts of which the first begins with a number that is no character."""
    codes = np.full((20, 2), ord("a"), np.uint32)
    codes[0, 0] = character
    return codes.view("<U2")[:, 0]


def _npy_of(header: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def _npy(shape: tuple[int, ...], descr: str = "|u1", *, is_fortran: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": descr, "fortran_order": is_fortran, "shape": shape}
    )
    return buffer.getvalue() + b"\0" * 64  # enough for the smallest of them


def _pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, x=np.array([{"a": 1}, None], dtype=object))
    return buffer.getvalue()


def _cifar(**changes: bytes) -> bytes:
    files = making.cifar10_files(20)
    top = "cifar-10-batches-bin"
    return making.zipped(files | {f"{top}/{name}.bin": found for name, found in changes.items()})


def _mnist(**changes: bytes | None) -> bytes:
    files: dict[str, Any] = making.mnist_files() | {
        name.replace("_", "-"): found for name, found in changes.items()
    }
    return making.zipped({name: found for name, found in files.items() if found is not None})


X = making.pixels(0, (20, 8, 8))
Y = np.arange(20) % 2

CASES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # What is sent, the entry that is named, and part of the reason.
    "nothing": (lambda: b"", "", "no bytes"),
    "no archive": (lambda: b"hello" * 200, "", "pack it as one"),
    "empty zip": (lambda: making.zipped({}), "", "empty"),
    "clutter alone": (lambda: making.zipped({"__MACOSX/x": b"1"}), "", "empty"),
    "zip cut off": (lambda: making.zipped(GOOD)[:-40], "", "no whole zip file"),
    "absolute path": (lambda: _named("/etc/x.png"), "/etc/x.png", "relative"),
    "path upwards": (lambda: _named("cat/../../x.png"), "cat/../../x.png", "relative"),
    "windows path": (lambda: _named("cat\\x.png"), "cat\\x.png", "relative"),
    "windows drive": (lambda: _named("C:x.png"), "C:x.png", "relative"),
    "name with escapes": (lambda: _named("cat/\x1b[2J.png"), "cat/\ufffd[2J.png", "printable"),
    "link": (_link, "cat/link.png", "link"),
    "password": (_locked, "cat/00.png", "password"),
    "same name twice": (_twice, "cat/00.png", "twice"),
    "zip bomb": (_bomb, "", "bomb"),
    "file without a name": (lambda: _zip_of(zipfile.ZipInfo("")), "", "no name"),
    "wrong place": (_misplaced, "cat/00.png", "place is wrong"),
    "wrong checksum": (_damaged_middle, "cat/02.png", "damaged"),
    "pixels of a bomb": (lambda: _named_image(_image_bomb()), "cat/x.png", "80,000,000 pixels"),
    "animation": (lambda: _named_image(_animation("PNG")), "cat/x.png", "animation"),
    "name of nothing": (lambda: _named("."), ".", "no name"),
    "accents written in two ways": (
        lambda: _with(**{"e\u0301__1.png": making.image(1), "\xe9__1.png": making.image(2)}),
        "\xe9/1.png",
        "twice",
    ),
    "corrupt image": (lambda: _named_image(making.image(1)[:-60]), "cat/x.png", "decoded"),
    "no image": (lambda: _named_image(b"hello"), "cat/x.png", "none of PNG"),
    "empty image": (lambda: _named_image(b""), "cat/x.png", "decoded"),
    "format that is not read": (lambda: _named_image(_gif()), "cat/x.png", "none of PNG"),
    "mixed channels": (lambda: _named_image(making.image(1, (9, 9))), "cat/x.png", "1 channels"),
    "16 bits": (lambda: _named_image(_mode("I;16")), "cat/x.png", "float32"),
    "transparent": (lambda: _named_image(_mode("RGBA")), "cat/x.png", "transparent"),
    "one class": (lambda: making.zipped(making.class_files(9, ("cat",))), "", "'cat'"),
    "image beside classes": (lambda: _with(**{"x.png": making.image(1)}), "format", "which of"),
    "foreign file": (lambda: _with(**{"cat__run.exe": b"MZ"}), "cat/run.exe", "no image"),
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
        lambda: _with(**{"groups.csv": b"name,group\ncat/99.png,a\n"}), "groups.csv", "cat/99.png"
    ),
    "groups that are no table": (
        lambda: _with(**{"groups.csv": b"\xff\xfe\0"}), "groups.csv", "UTF-8"
    ),
    "labels of a stranger": (lambda: _labels("a.png,1"), "labels.csv", "line 2 names a.png"),
    "labels without a head": (lambda: _labels("", head="0.png,1"), "labels.csv", "line 1"),
    "labels of equal names": (lambda: _labels("", head="name,a,a"), "labels.csv", "different"),
    "labels that are none": (lambda: _labels("0.png,yes"), "labels.csv", "should have 0 or 1"),
    "labels with a gap in a line": (lambda: _labels("0.png"), "labels.csv", "each of 1 labels"),
    "labels in two lines": (lambda: _labels("0.png,1\n0.png,0"), "labels.csv", "second time"),
    "labels of some": (lambda: _labels("0.png,1"), "1.png", "no line in labels.csv"),
    "empty table of labels": (lambda: _labels("", head=""), "labels.csv", "line 1"),
    "tar with a link": (lambda: _tar_with(tarfile.SYMTYPE), "cat/x.png", "link"),
    "tar with a hard link": (lambda: _tar_with(tarfile.LNKTYPE), "cat/x.png", "link"),
    "tar with a device": (lambda: _tar_with(tarfile.CHRTYPE), "cat/x.png", "device"),
    "tar with a path upwards": (
        lambda: making.tarred({"../x.png": making.image(1)}), "../x.png", "relative"
    ),
    "tar with a header that fills memory": (
        lambda: _tar_with_extra(tarfile.GNUTYPE_LONGNAME, 2**20), "././@LongLink", "1,048,576"
    ),
    "tar with attributes that fill memory": (
        lambda: _tar_with_extra(tarfile.XHDTYPE, 2**20), "././@LongLink", "1,048,576 bytes"
    ),
    "tar with a broken header in the middle": (_broken_tar, "", "bad checksum"),
    "tar that ends before its end": (lambda: _tar_of(GOOD)[: 5 * 1024], "", "send all of it"),
    "tar cut off": (lambda: making.tarred(making.cifar10_files())[:-4000], "", "damaged"),
    "pickle": (_pickled, "inputs", "pickles"),
    "header nested without end": (
        lambda: making.zipped({"x.npy": _npy_of(b"-" * 9000 + b"1\n")}), "inputs", "no array"
    ),
    "header that is never closed": (
        lambda: making.zipped({"x.npy": _npy_of(b"(" * 5000 + b"\n")}), "inputs", "no array"
    ),
    "array longer than its header": (
        lambda: making.zipped({"x.npy": _npy((4, 4, 4)) + b"x"}), "inputs", "longer"
    ),
    "rows that fill memory": (
        lambda: making.zipped({"x.npy": _npy((4, 2**11, 2**11, 2**10))}), "inputs", "bytes a row"
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
        lambda: making.npz(x=X, y=Y, classes=["a" * 201, "b"]), "classes", "1 to 200"
    ),
    "one class of two that are named": (
        lambda: making.npz(x=X, y=Y * 0 + 1, classes=["a", "b"]), "", "only the class 'b'"
    ),
    "groups of fractions": (
        lambda: making.npz(x=X, groups=np.full(20, np.nan)), "groups", "whole numbers or texts"
    ),
    "groups of half characters": (
        lambda: making.npz(x=X, groups=_coded(0xD800)), "groups", "not Unicode"
    ),
    "splits of no characters": (
        lambda: making.npz(x=X, splits=_coded(0x7FFFFFFF)), "splits", "not Unicode"
    ),
    "classes of no characters": (
        lambda: making.npz(x=X, y=Y, classes=_coded(0x110000)[:2]), "classes", "not Unicode"
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
        lambda: making.zipped({"x.npy": _npy((4, 4, 4), is_fortran=True)}), "inputs", "columns"
    ),
    "array that promises more": (
        lambda: making.zipped({"x.npy": _npy((10**12, 9, 9))}), "inputs", "too early"
    ),
    "array of nothing": (
        lambda: making.zipped({"x.npy": _npy((10**15, 0))}), "inputs", "impossible shape"
    ),
    "array of texts of no length": (
        lambda: making.zipped({"x.npy": _npy((20, 8)), "groups.npy": _npy((20,), "<U0")}),
        "groups",
        "impossible shape",
    ),
    "header that is code": (
        lambda: making.zipped({"x.npy": b"\x93NUMPY\1\0\x20\0__import__('os').getpid()      \n"}),
        "inputs",
        "no array",
    ),
    "cifar cut off": (
        lambda: _cifar(data_batch_2=making.cifar_batch(9, 1)[:-1]),
        "cifar-10-batches-bin/data_batch_2.bin",
        "multiple of 3,073",
    ),
    "cifar with a foreign label": (
        lambda: _cifar(data_batch_2=b"\x0a" + b"\0" * 3072),
        "cifar-10-batches-bin/data_batch_2.bin[0]",
        "label 10",
    ),
    "cifar of one class": (
        lambda: making.zipped({"data_batch_1.bin": (b"\3" + b"\7" * 3072) * 20}),
        "",
        "only the class '3'",
    ),
    "mnist without labels": (
        lambda: _mnist(train_labels_idx1_ubyte=None), "train-images-idx3-ubyte", "labels"
    ),
    "mnist longer than its head": (
        lambda: _mnist(train_images_idx3_ubyte=making.idx_images(X) + b"x"),
        "train-images-idx3-ubyte",
        "longer than its head",
    ),
    "mnist with labels too many": (
        lambda: _mnist(train_labels_idx1_ubyte=making.idx_labels(np.zeros(20, np.uint8)) + b"x"),
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
        lambda: _mnist(train_images_idx3_ubyte=making.idx_images(X)[:-1]),
        "train-images-idx3-ubyte",
        "too early",
    ),
    "mnist with labels too few": (
        lambda: _mnist(train_labels_idx1_ubyte=making.idx_labels(Y[:3].astype(np.uint8))),
        "train-images-idx3-ubyte",
        "20 images and 3 labels",
    ),
    "mnist that is none": (
        lambda: _mnist(train_labels_idx1_ubyte=b"\0\0\x0d\1" + b"\0" * 40),
        "train-labels-idx1-ubyte",
        "no idx file",
    ),
}  # fmt: skip


def _labels(lines: str, head: str = "name,wet") -> bytes:
    return making.zipped(making.plain_files() | {"labels.csv": f"{head}\n{lines}".encode()})


def _named_image(content: bytes) -> bytes:
    return making.zipped(GOOD | {"cat/x.png": content})


def _gif() -> bytes:
    return making.image(1, (9, 9), "GIF")


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
    monkeypatch.setattr(zips, "MAX_DIRECTORY_BYTES", 5_000)

    def unread(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(zipfile.ZipFile, "__init__", unread)
    with pytest.raises(InvalidDatasetError, match="more than"):
        imported(content)


def test_values_beyond_the_limit_are_refused_as_they_are_written(imported: Import) -> None:
    # 1,000 images of 100x100 in one colour have few bytes as files, and 30 MB as values.
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100)).save(buffer, "PNG")
    files = {f"{index:04}.png": buffer.getvalue() for index in range(1000)}
    with pytest.raises(InvalidDatasetError, match="16,000,000 bytes unpacked") as refused:
        imported(making.zipped(files), max_bytes=10**6)
    assert refused.value.entry == "0533.png"


@pytest.mark.parametrize(
    "wrong", [{"validation": 0.6, "test": 0.4}, {"name": "\x1b[2J"}, {"name": " "}, {"sede": 1}]
)
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation|Name|sede"):
        ImportOptions(**({"name": "x"} | wrong))


@pytest.mark.parametrize("n", [3, 4, 5, 7])
@pytest.mark.parametrize("shares", [(0.45, 0.5), (0.9, 0.05), (0.2, 0.2), (0.05, 0.9)])
def test_a_small_class_is_in_every_split(n: int, shares: tuple[float, float]) -> None:
    classes = np.array([0] * 40 + [1] * n)
    splits = assign([None] * (40 + n), classes, [None] * (40 + n), SplitPlan(*shares))
    assert set(splits[40:].tolist()) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(10))
def test_three_groups_are_enough_whatever_their_sizes(seed: int) -> None:
    groups = ["a"] + ["b"] * 2 + ["c"] * 8
    splits = assign([None] * 11, None, groups, SplitPlan(0.4, 0.4, seed))
    assert len({(group, int(split)) for group, split in zip(groups, splits, strict=True)}) == 3
    assert set(splits.tolist()) == {0, 1, 2}


def test_a_scarce_class_trains_before_it_judges() -> None:
    classes = np.array([0] * 30 + [1, 1])
    splits = assign([None] * 32, classes, [None] * 32, SplitPlan())
    assert splits[30:].tolist() == [0, 0]
