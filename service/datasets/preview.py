"""A sheet of some training samples, so that one sees what was stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from service.datasets.store.reader import PREVIEW, StoredDataset, Values

CELL_PX, GAP_PX = 72, 4
N_COLUMNS, N_ROWS = 10, 8
BACKGROUND, CURVE = (255, 255, 255), (20, 80, 160)
Pixels = NDArray[np.uint8]


def write_preview(stored: StoredDataset, folder: Path) -> None:
    """Write ``preview.png``: a row for each of the first classes, or rows of pairs, or samples."""
    rows = [[_cell(values) for values in row] for row in _chosen(stored)]
    n_columns = max(len(row) for row in rows)
    step = CELL_PX + GAP_PX
    size = (n_columns * step + GAP_PX, len(rows) * step + GAP_PX)
    sheet = Image.new("RGB", size, BACKGROUND)
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            left, top = ((CELL_PX - side) // 2 for side in cell.size)
            sheet.paste(cell, (GAP_PX + x * step + left, GAP_PX + y * step + top))
    sheet.save(folder / PREVIEW)


def _chosen(stored: StoredDataset) -> list[list[Values]]:
    train = stored.rows("train")
    if stored.kind == "labelled" and stored.labels is not None:
        classes = np.unique(stored.labels[train])[:N_ROWS]
        of_class = [train[stored.labels[train] == label][:N_COLUMNS] for label in classes]
        return [[stored.sample(row) for row in rows] for rows in of_class]
    if stored.kind == "pairs":
        return [
            some
            for block in _blocks(train, N_ROWS // 2)
            for some in ([stored.sample(r) for r in block], [stored.target(r) for r in block])
        ]
    return [[stored.sample(row) for row in block] for block in _blocks(train, N_ROWS)]


def _blocks(rows: NDArray[np.intp], n_blocks: int) -> Sequence[NDArray[np.intp]]:
    shown = rows[: N_COLUMNS * n_blocks]
    return [shown[i : i + N_COLUMNS] for i in range(0, len(shown), N_COLUMNS)]


def _cell(values: Values) -> Image.Image:
    """Draw one sample: an image, the middle of a volume, or a signal as a curve."""
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
    scale = CELL_PX / max(image.size)
    sides = tuple(max(1, round(side * scale)) for side in image.size)
    # Small images are shown as the squares that they consist of.
    way = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX
    return image.resize((sides[0], sides[1]), way)


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
