"""Class folders: the folder is the class."""

from __future__ import annotations

import numpy as np

from tests.support.datasets import making
from tests.support.datasets.importing import Import


def test_class_folders(imported: Import) -> None:
    found, stored = imported(making.zipped(making.class_files()))
    assert (found.format, stored.kind) == ("classes", "labelled")
    assert stored.manifest["classes"] == ["cat", "dog"]
    assert stored.labels is not None
    assert stored.labels.tolist() == [0] * 10 + [1] * 10
    np.testing.assert_array_equal(stored.sample(13), np.moveaxis(making.pixels(103), 2, 0))
    assert found.class_counts == {"train": [6, 6], "validation": [2, 2], "test": [2, 2]}
