"""The sheet of samples that a person looks at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from service.datasets.preview import CELL_PX, GAP_PX, NO_CLASS
from service.datasets.store.reader import IGNORED
from tests.support.datasets import making
from tests.support.datasets.importing import Import


def test_the_preview_is_an_image_for_every_kind(imported: Import, tmp_path: Path) -> None:
    contents = {
        "classes": making.zipped(making.class_files()),
        "pairs": making.zipped(making.pair_files()),
        "plain": making.zipped(making.plain_files()),
        "signals": making.npz(x=np.random.default_rng(0).normal(size=(20, 50))),
        "volumes": making.npz(x=making.pixels(0, (20, 6, 9, 8))),
    }
    for name, content in contents.items():
        options = {"n_dims": 3} if name == "volumes" else {}
        found, _ = imported(content, **options)
        with Image.open(tmp_path / "datasets" / found.sha256 / "preview.png") as sheet:
            assert sheet.format == "PNG"
            assert np.asarray(sheet).std() > 10


def test_masks_show_their_classes_as_greys_from_black_to_white(
    imported: Import, tmp_path: Path
) -> None:
    mask = np.zeros((10, 80, 80), np.uint8)
    mask[:, :, 30:55], mask[:, :, 55:], mask[:, :20, :20] = 1, 2, IGNORED
    found, _ = imported(making.npz(inputs=making.pixels(0, (10, 80, 80)), masks=mask))
    with Image.open(tmp_path / "datasets" / found.sha256 / "preview.png") as sheet:
        drawn = np.asarray(sheet)[CELL_PX + 2 * GAP_PX :][:CELL_PX, GAP_PX : GAP_PX + CELL_PX]
    colours = {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()}
    assert colours == {(0, 0, 0), (127, 127, 127), (255, 255, 255), NO_CLASS}
    assert tuple(drawn[5, 5].tolist()) == NO_CLASS
    assert drawn[40, [10, 40, 65], 0].tolist() == [0, 127, 255]
