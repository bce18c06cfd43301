"""Images with a table of their labels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.datasets import making
from tests.support.datasets.importing import Import


@pytest.mark.parametrize("top", ["", "packed/"])
def test_images_with_a_table_of_their_labels(imported: Import, top: str) -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, (30, 3))
    names = [f"{'ab'[index % 2]}/{index:02}.png" for index in range(30)]
    lines = [f"{name},{','.join(map(str, row))}" for name, row in zip(names, labels, strict=True)]
    random.shuffle(lines)
    files = {name: making.image(index) for index, name in enumerate(names)}
    files["labels.csv"] = "\n".join(["name, red, round, wet", *lines]).encode("utf-8-sig")
    files["groups.csv"] = "\n".join(f"{name},{name[2:4]}" for name in names).encode()
    found, stored = imported(making.zipped({f"{top}{n}": c for n, c in files.items()}))
    assert (found.format, stored.kind) == ("labels", "multilabel")
    assert stored.manifest["classes"] == ["red", "round", "wet"]
    order = sorted(range(30), key=names.__getitem__)
    np.testing.assert_array_equal(stored.labels, labels[order])
    np.testing.assert_array_equal(stored.sample(1), np.moveaxis(making.pixels(order[1]), 2, 0))
