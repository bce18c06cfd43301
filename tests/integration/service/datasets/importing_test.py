"""From an upload to a stored set, however it was packed; what is refused leaves nothing."""

from __future__ import annotations

import pytest

from service.errors import StorageFullError
from tests.support.datasets import making
from tests.support.datasets.importing import Case, Import, Refuses


def test_how_it_was_packed_changes_nothing(imported: Import) -> None:
    files = making.class_files()
    turned = {f"wrapped/{name}": files[name] for name in reversed(files)}
    turned["__MACOSX/._x"] = b"clutter"
    turned["wrapped/.DS_Store"] = b"clutter"
    # As `tar -czf set.tar.gz .` names them.
    dotted = making.tarred({f"./{name}": content for name, content in files.items()})
    packed = (making.zipped(files), making.zipped(turned), making.tarred(files), dotted)
    assert len({imported(content)[0].sha256 for content in packed}) == 1


CASES: dict[str, Case] = {
    "nothing": (lambda: b"", "", "no bytes"),
    "no archive": (lambda: b"hello" * 200, "", "pack it as one"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_archive_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])


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
