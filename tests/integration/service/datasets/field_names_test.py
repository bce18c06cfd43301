"""Names as people's systems write them, and the files that these systems add."""

from __future__ import annotations

import io
import tarfile

import pytest

from service.errors import InvalidDatasetError
from tests.support.datasets import making
from tests.support.datasets.field import CLASSES, field, zip_from
from tests.support.datasets.importing import Import


def encoded(encoding: str, classes: tuple[str, ...] = ("кот", "пёс")) -> bytes:
    return zip_from({name.encode(encoding): f for name, f in _named(classes).items()})


def _named(classes: tuple[str, ...]) -> dict[str, bytes]:
    return {
        f"{name}/{index}.png": making.image(100 * number + index)
        for number, name in enumerate(classes)
        for index in range(6)
    }


def test_names_are_decoded_by_evidence(imported: Import) -> None:
    flagged, _ = imported(field("h02_reference"))
    found, _ = imported(field("h02_utf8"))
    assert found.manifest["classes"] == ["café", "Äpfel", "猫"]
    assert found.sha256 == flagged.sha256


@pytest.mark.parametrize("encoding", ["cp866", "cp1251", "koi8_r"])
def test_an_encoding_that_nothing_says_is_asked_for(imported: Import, encoding: str) -> None:
    with pytest.raises(InvalidDatasetError, match="say the encoding"):
        imported(encoded(encoding))
    found, _ = imported(encoded(encoding), encoding=encoding)
    assert found.manifest["classes"] == ["кот", "пёс"]
    assert found.sha256 == imported(making.zipped(_named(("кот", "пёс"))))[0].sha256


def test_names_of_a_tar_file_are_as_those_of_a_zip_file(imported: Import) -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", encoding="cp866", format=tarfile.GNU_FORMAT
    ) as tar:
        for name, content in _named(("кот", "пёс")).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with pytest.raises(InvalidDatasetError, match="say the encoding"):
        imported(buffer.getvalue())
    found, _ = imported(buffer.getvalue(), encoding="cp866")
    assert found.sha256 == imported(making.zipped(_named(("кот", "пёс"))))[0].sha256


def test_an_old_tar_without_a_magic_is_read(imported: Import) -> None:
    plain = making.tarred(CLASSES, "w")
    old = bytearray(plain)
    at = old.find(b"ustar")
    while at >= 0:  # take magic and version out, and correct the checksum
        head = at - 257
        old[at : at + 8] = bytes(8)
        old[head + 148 : head + 156] = b" " * 8
        old[head + 148 : head + 156] = b"%06o\0 " % sum(old[head : head + 512])
        at = old.find(b"ustar", at)
    assert imported(bytes(old))[0].sha256 == imported(plain)[0].sha256


@pytest.mark.parametrize("blank", ["\u202f", "\u3000", "\u00a0", "\u200d"])
def test_ordinary_names_are_stored_as_they_are(imported: Import, blank: str) -> None:
    files = {name.replace("/", f"/Screenshot 9.41{blank}AM "): f for name, f in CLASSES.items()}
    assert imported(making.zipped(files))[0].manifest["n_samples"] == 24
    assert imported(field("h08"))[0].manifest["n_samples"] == 24


@pytest.mark.parametrize("odd", ["\u202e", "\x07"])
def test_an_odd_name_is_one_fault(imported: Import, odd: str) -> None:
    files = CLASSES | {f"cat/a{odd}b.png": making.image(99)}
    with pytest.raises(InvalidDatasetError, match="printable text") as refused:
        imported(making.zipped(files))
    assert refused.value.n_faults == 1
    assert imported(making.zipped(files), skip_bad=True)[0].manifest["n_samples"] == 24


def test_backslashes_are_folders_where_dos_made_the_archive(imported: Import) -> None:
    found, _ = imported(field("h12"))
    assert (found.manifest["classes"], found.manifest["n_samples"]) == (["cat", "dog"], 24)
    named = {name.replace("/", "\\").encode(): content for name, content in CLASSES.items()}
    with pytest.raises(InvalidDatasetError, match="with / and without"):
        imported(zip_from(named))  # made by Unix: a backslash is a character
    for wrong in (b"..\\x.png", b"C:\\x.png"):
        with pytest.raises(InvalidDatasetError, match="with / and without"):
            imported(zip_from(named | {wrong: b"x"}, system=0))


def test_clutter_is_passed_over_and_counted(imported: Import) -> None:
    clutter = [
        "@eaDir/cat/a.png", "#recycle/x.png", "$RECYCLE.BIN/S-1/x.png", "lost+found/x",
        "System Volume Information/x.dat", "cat/thumbs.db", "cat/THUMBS.DB", "dog/Desktop.ini",
        "cat/00.png.part", "cat/1.png~", "cat/00.png:Zone.Identifier", "__MACOSX/cat/._00.png",
        ".DS_Store", "cat/Icon\r", "cat/~$notes.docx",
    ]  # fmt: skip
    expected = imported(making.zipped(CLASSES))[0].sha256
    files = CLASSES | dict.fromkeys(clutter, b"junk")
    for content in (making.zipped(files), making.tarred(files)):
        found, _ = imported(content)
        assert found.sha256 == expected
        assert any(f"{len(clutter)} files of systems" in warning for warning in found.warnings)
    assert imported(field("h05"))[0].manifest["n_samples"] == 24


def test_a_table_of_groups_is_read_in_the_encoding_that_is_said(imported: Import) -> None:
    rows = "".join(f"{name};Käfig {name[-6:-4]}\n" for name in CLASSES)
    files = CLASSES | {"groups.csv": f"name;group\n{rows}".encode("cp1252")}
    with pytest.raises(InvalidDatasetError, match="say the encoding"):
        imported(making.zipped(files))
    plain = CLASSES | {"groups.csv": f"name;group\n{rows}".encode()}
    found, _ = imported(making.zipped(files), encoding="cp1252")
    assert found.sha256 == imported(making.zipped(plain))[0].sha256
