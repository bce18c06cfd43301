"""Zip archives that are damaged, or made to do harm."""

from __future__ import annotations

import zipfile

import pytest

from service.datasets.sources import zips
from service.errors import InvalidDatasetError
from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Import, Refuses

CASES: dict[str, Case] = {
    "zip cut off": (lambda: making.zipped(bad.GOOD)[:-40], "", "no whole zip file"),
    "link": (bad.link, "cat/link.png", "link"),
    "password": (bad.locked, "cat/00.png", "password"),
    "zip bomb": (bad.bomb, "", "bomb"),
    "wrong offset": (bad.misplaced, "cat/00.png", "offset is wrong"),
    "wrong checksum": (bad.damaged_middle, "cat/02.png", "damaged"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_harmful_zip_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])


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
