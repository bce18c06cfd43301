"""The sheets of a job's arms as pictures and tables: what their networks make of test samples."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from service import sample_sheets
from service.jobs.artifact_files import inside
from service.records import Artifact
from service.sample_sheets import MOST_BYTES, SUFFIX, Sheet

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_ARMS = 6
# Classes with a colour of their own (Okabe and Ito); those above repeat them. 255 is no class.
MASK_COLOURS = np.array(
    [
        *([32, 32, 32], [230, 159, 0], [86, 180, 233], [0, 158, 115]),
        *([240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167]),
    ],
    dtype=np.uint8,
)
NO_CLASS = (255, 255, 255)
MOST_SHOWN_CLASSES = 30


@dataclass(frozen=True, slots=True)
class SheetPicture:
    """A picture as an address that holds it; `psnr` is that of the crop, dB."""

    title: str
    address: str
    psnr: float | None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A test sample: what was given, what each arm made of it, and the truth."""

    number: int
    pictures: Sequence[SheetPicture]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one class, or one label, was recognised."""

    name: str
    n: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True, slots=True)
class ConfusionTable:
    """Which answers the samples of each class got from an arm; `counts` by class.

    Attributes:
        counts: Rows of classes, columns of answers; empty for labels, and for many classes.
    """

    arm: str
    counts: Sequence[Sequence[int]]
    scores: Sequence[ClassScore]


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets of a job.

    Attributes:
        rows: Of pictures.
        tables: Of classes or labels, an arm each.
        n_arms: How many arms have a sheet; at most `MOST_ARMS` are shown.
    """

    rows: Sequence[SheetRow]
    tables: Sequence[ConfusionTable]
    n_arms: int


def sheets_of(artifacts: Sequence[Artifact], order: Sequence[str], data_dir: Path) -> Sheets:
    """Read the sheets of a job's arms.

    Args:
        artifacts: Of the job.
        order: The names of the arms; the first ones are shown.
        data_dir: Where files lie.
    """
    files = {one.name.removesuffix(SUFFIX): one for one in artifacts if one.name.endswith(SUFFIX)}
    known = [arm for arm in order if arm in files]
    read = {arm: _read(files[arm], data_dir) for arm in known[:MOST_ARMS]}
    sheets = {arm: sheet for arm, sheet in read.items() if sheet is not None}
    pictures = {arm: own for arm, own in sheets.items() if "inputs" in own}
    tables = [_table(arm, own["confusion"]) for arm, own in sheets.items() if "confusion" in own]
    return Sheets(_rows(pictures), tables, len(known))


def is_there(artifact: Artifact, data_dir: Path) -> bool:
    """Whether the file of an artifact can be read."""
    path = inside(data_dir, artifact.path)
    return path is not None and path.is_file()


def _read(artifact: Artifact, data_dir: Path) -> Sheet | None:
    path = inside(data_dir, artifact.path)
    if path is None or artifact.n_bytes > MOST_BYTES:
        return None
    try:
        return sample_sheets.unpacked(path.read_bytes())
    except (OSError, ValueError):
        return None  # the file is gone or damaged: the page says that there is none


def _rows(sheets: Mapping[str, Sheet]) -> list[SheetRow]:
    if not sheets:
        return []
    first = next(iter(sheets.values()))
    numbers = first["numbers"].tolist()
    alike = {a: s for a, s in sheets.items() if s["numbers"].tolist() == numbers}
    is_mask = first["outputs"].ndim == 3
    rows = []
    for place, number in enumerate(numbers):
        given = _psnr(first, "input_psnr", place)
        pictures = [SheetPicture("given", _address(first["inputs"][place]), given)]
        for arm, sheet in alike.items():
            own = sheet["outputs"][place]
            picture = _address(_coloured(own) if is_mask else own)
            pictures.append(SheetPicture(arm, picture, _psnr(sheet, "output_psnr", place)))
        truth = first["targets"][place]
        pictures.append(
            SheetPicture("truth", _address(_coloured(truth) if is_mask else truth), None)
        )
        rows.append(SheetRow(int(number), pictures))
    return rows


def _psnr(sheet: Sheet, name: str, place: int) -> float | None:
    return float(sheet[name][place]) if name in sheet else None


def _coloured(mask: NDArray[Any]) -> NDArray[np.uint8]:
    colours: NDArray[np.uint8] = MASK_COLOURS[mask % len(MASK_COLOURS)]
    colours[mask == 255] = NO_CLASS
    return colours


def _address(pixels: NDArray[np.uint8]) -> str:
    """Return (h, w, 1 or 3) bytes as a PNG in a data address."""
    from PIL import Image  # where a page shows pictures

    return png_address(Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels))


def png_address(image: Image) -> str:
    """Return a picture as a PNG in a data address."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _table(arm: str, counts: NDArray[Any]) -> ConfusionTable:
    """Return the table of classes, (C, C), or of labels, (L, 2, 2)."""
    if counts.ndim == 3:
        scores = [
            _score(f"label {i}", int(own[1].sum()), int(own[1, 1]), int(own[:, 1].sum()))
            for i, own in enumerate(counts)
        ]
        return ConfusionTable(arm, [], scores[:MOST_SHOWN_CLASSES])
    scores = [
        _score(f"class {i}", int(row.sum()), int(row[i]), int(counts[:, i].sum()))
        for i, row in enumerate(counts)
    ]
    is_small = len(counts) <= MOST_SHOWN_CLASSES
    return ConfusionTable(arm, counts.tolist() if is_small else [], scores[:MOST_SHOWN_CLASSES])


def _score(name: str, n: int, n_right: int, n_answered: int) -> ClassScore:
    recall = n_right / n if n else None
    return ClassScore(name, n, recall, n_right / n_answered if n_answered else None)
