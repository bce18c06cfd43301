"""Files of systems are known by their names, whatever the case; a user's are left alone."""

from __future__ import annotations

import pytest

from service.datasets.sources.clutter import is_clutter


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/cat/._1.png", ".DS_Store", "cat/.hidden/1.png", "@eaDir/1.png/thumb.jpg",
        "cat/@EADIR/1.jpg", "$Recycle.Bin/S-1/1.png", "lost+found/1", "#snapshot/a/1.png",
        "Thumbs.db", "cat/THUMBS.DB", "Desktop.ini", "cat/Icon\r", "1.png~", "1.png.part",
        "1.png.crdownload", "1.png:Zone.Identifier", "1.png.Zone.Identifier", "~$labels.xlsx",
        "#1.png#", ".ipynb_checkpoints/1.png", "System Volume Information/IndexerVolumeGuid",
    ],
)  # fmt: skip
def test_clutter(name: str) -> None:
    assert is_clutter(name)


@pytest.mark.parametrize(
    "name",
    [
        "cat/1.png", "../1.png", "./1.png", "cat/part.png", "#1.png", "recycled paper/1.png",
        "tmp/1.png", "download/1.png", "lost and found/1.png", "thumbs/1.png", "$/1.png",
    ],
)  # fmt: skip
def test_files_of_the_users_own(name: str) -> None:
    assert not is_clutter(name)
