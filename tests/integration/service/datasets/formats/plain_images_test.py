"""Images without labels keep their sizes."""

from __future__ import annotations

from tests.support.datasets import making
from tests.support.datasets.importing import Import


def test_plain_images_keep_their_sizes(imported: Import) -> None:
    found, stored = imported(making.zipped(making.plain_files()))
    assert (found.format, stored.kind) == ("images", "unlabelled")
    assert [stored.sample(i).shape for i in range(6)] == [(1, 20 + i, 30) for i in range(6)]
    assert stored.manifest["size_px"] == 20
