"""Folders of the server: those under its roots become data sets, and nothing else does."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from service.datasets.options import ImportOptions
from service.errors import InvalidDatasetError
from service.settings import Settings
from service.storage.database import Database
from tests.support.datasets import making
from tests.support.datasets.importing import add, add_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "root"
    for name, content in making.class_files(5).items():
        path = place / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def _rooted(settings: Settings, *roots: Path) -> Settings:
    return settings.model_copy(update={"dataset_roots": roots or None})


def test_a_folder_is_the_set_that_its_zip_is(
    sqlite_database: Database, settings: Settings, root: Path
) -> None:
    here = _rooted(settings, root)
    options = ImportOptions(name="x")
    by_name = add_folder(sqlite_database, here, "pets", options)
    by_path = add_folder(sqlite_database, here, str(root / "pets"), options)
    assert by_name.sha256 == by_path.sha256 == add(sqlite_database, settings).sha256


def test_a_folder_of_too_many_files_is_refused_with_the_setting(
    sqlite_database: Database, settings: Settings, root: Path
) -> None:
    here = _rooted(settings, root).model_copy(update={"max_dataset_files": 9})
    with pytest.raises(InvalidDatasetError, match=r"9 files: raise DENSEARCH_MAX_DATASET_FILES"):
        add_folder(sqlite_database, here, "pets", ImportOptions(name="x"))


@pytest.mark.parametrize(
    "folder",
    ["nothing", "..", "../..", "/etc", "pets/../..", "a\0b", "out", "ring", "a" * 900, "\ud800"],
)
def test_a_folder_elsewhere_is_refused(
    sqlite_database: Database, settings: Settings, root: Path, folder: str
) -> None:
    (root / "out").symlink_to("/etc")
    (root / "ring").symlink_to("ring")
    with pytest.raises(InvalidDatasetError, match="no such folder") as refused:
        add_folder(sqlite_database, _rooted(settings, root), folder, ImportOptions(name="x"))
    assert refused.value.entry == "folder"


def test_no_folder_can_be_named_unless_a_root_is_set(
    sqlite_database: Database, settings: Settings, root: Path
) -> None:
    with pytest.raises(InvalidDatasetError, match="DENSEARCH_DATASET_ROOTS"):
        add_folder(sqlite_database, settings, str(root), ImportOptions(name="x"))


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/etc/hostname", "leads out"),
        ("/etc", "link to a folder"),
        ("link.png", "cannot be found"),
        ("nothing.png", "cannot be found"),
    ],
)
def test_a_link_that_leads_nowhere_or_out_of_the_roots_is_refused(
    sqlite_database: Database, settings: Settings, root: Path, target: str, reason: str
) -> None:
    (root / "pets" / "cat" / "link.png").symlink_to(target)
    with pytest.raises(InvalidDatasetError, match=reason) as refused:
        add_folder(sqlite_database, _rooted(settings, root), "pets", ImportOptions(name="x"))
    assert refused.value.entry.endswith("link.png")


def test_folders_too_deep_for_the_system_are_refused_by_their_names(
    sqlite_database: Database, settings: Settings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "pets")
    for _ in range(25):  # 5,000 characters: more than the 4,096 of a path
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    with pytest.raises(InvalidDatasetError, match="at most 500 characters"):
        add_folder(sqlite_database, _rooted(settings, root), "pets", ImportOptions(name="x"))


def test_a_file_that_the_server_may_not_read_is_named(
    sqlite_database: Database, settings: Settings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def forbidden(self: Path, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        if self.name == "02.png":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return opened(self, *args, **options)

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(InvalidDatasetError, match="cannot be read by the server") as refused:
        add_folder(sqlite_database, _rooted(settings, root), "pets", ImportOptions(name="x"))
    assert refused.value.entry == "cat/02.png"


def test_a_link_within_the_roots_is_followed(
    sqlite_database: Database, settings: Settings, root: Path
) -> None:
    (root / "pets" / "cat" / "link.png").symlink_to(root / "pets" / "cat" / "00.png")
    found = add_folder(sqlite_database, _rooted(settings, root), "pets", ImportOptions(name="x"))
    assert found.n_samples == 11
