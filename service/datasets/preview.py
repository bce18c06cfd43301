"""A sheet of some training samples, to see at a glance what was stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.datasets.store.reader import IGNORED, PREVIEW, StoredDataset, Values

CELL_PX, GAP_PX = 72, 4
N_COLUMNS, N_ROWS = 10, 8
BACKGROUND, CURVE, NO_CLASS = (255, 255, 255), (20, 80, 160), (230, 120, 20)
Pixels = NDArray[np.uint8]


def write_preview(stored: StoredDataset, folder: Path) -> None:
    """Write ``preview.png``: a row for each of the first classes, or rows of pairs, or samples."""
    rows = _chosen(stored)
    n_columns = max(len(row) for row in rows)
    step = CELL_PX + GAP_PX
    size = (n_columns * step + GAP_PX, len(rows) * step + GAP_PX)
    sheet = Image.new("RGB", size, BACKGROUND)
    for y, row in enumerate(rows):
        for x, one in enumerate(row):
            left, top = ((CELL_PX - side) // 2 for side in one.size)
            sheet.paste(one, (GAP_PX + x * step + left, GAP_PX + y * step + top))
    sheet.save(folder / PREVIEW)


def row_names(
    manifest: Mapping[str, Any], counts: Mapping[str, Sequence[int]] | None
) -> list[str]:
    """Return the class of each row of a set's sheet; empty where rows have none.

    Args:
        manifest: Of the set.
        counts: Samples of each class by split; None without labels.
    """
    if manifest["kind"] != "labelled" or counts is None:
        return []
    counted = zip(manifest["classes"], counts["train"], strict=True)
    return list(islice((name for name, n in counted if n), N_ROWS))


def _chosen(stored: StoredDataset) -> list[list[Image.Image]]:
    train = stored.rows("train")
    if stored.kind == "labelled" and stored.labels is not None:
        classes = np.unique(stored.labels[train])[:N_ROWS]
        of_class = [train[stored.labels[train] == label][:N_COLUMNS] for label in classes]
        return [[cell(stored.sample(row)) for row in rows] for rows in of_class]
    if stored.kind == "pairs":
        n_classes = len(stored.manifest["classes"])
        draw = partial(_mask, n_classes=n_classes) if n_classes else cell
        return [
            some
            for block in _blocks(train, N_ROWS // 2)
            for some in (
                [cell(stored.sample(row)) for row in block],
                [draw(stored.target(row)) for row in block],
            )
        ]
    return [[cell(stored.sample(row)) for row in block] for block in _blocks(train, N_ROWS)]


def _blocks(rows: NDArray[np.intp], n_blocks: int) -> Sequence[NDArray[np.intp]]:
    shown = rows[: N_COLUMNS * n_blocks]
    return [shown[i : i + N_COLUMNS] for i in range(0, len(shown), N_COLUMNS)]


def cell(values: Values) -> Image.Image:
    """Draw one sample, (C, *sides): an image, the middle of a volume, or a signal as a curve.

    Its longer side has `CELL_PX`.
    """
    if values.ndim == 2:
        return _curve(np.asarray(values[0], dtype=np.float32))
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    pixels = _as_bytes(values)
    image = (
        Image.fromarray(np.ascontiguousarray(np.moveaxis(pixels[:3], 0, 2)))
        if len(pixels) >= 3
        else Image.fromarray(pixels[0]).convert("RGB")
    )
    # Small images are shown as the squares that they consist of.
    is_small = max(image.size) < CELL_PX
    return _scaled(image, Image.Resampling.NEAREST if is_small else Image.Resampling.BOX)


def _mask(values: Values, n_classes: int) -> Image.Image:
    """Draw class numbers, (1, H, W), as greys from black to white; pixels of no class in colour.

    Scaled without averaging: between the first and the third class lies no second one.
    """
    colours = np.zeros((256, 3), dtype=np.uint8)
    colours[:n_classes] = np.linspace(0, 255, n_classes)[:, np.newaxis]
    colours[IGNORED] = NO_CLASS
    return _scaled(Image.fromarray(colours[values[0]]), Image.Resampling.NEAREST)


def _scaled(image: Image.Image, way: Image.Resampling) -> Image.Image:
    scale = CELL_PX / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), way)


def _as_bytes(values: Values) -> Pixels:
    if values.dtype == np.uint8:
        return np.asarray(values, dtype=np.uint8)
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-12) * 255, dtype=np.uint8)


def _curve(signal: NDArray[np.float32]) -> Image.Image:
    image = Image.new("RGB", (CELL_PX, CELL_PX), BACKGROUND)
    shown = signal[np.linspace(0, len(signal) - 1, min(len(signal), 4 * CELL_PX)).astype(int)]
    low, high = float(shown.min()), float(shown.max())
    heights = (high - shown) / max(high - low, 1e-12) * (CELL_PX - 1)
    places = np.linspace(0, CELL_PX - 1, len(shown))
    ImageDraw.Draw(image).line(list(zip(places.tolist(), heights.tolist(), strict=True)), CURVE)
    return image
