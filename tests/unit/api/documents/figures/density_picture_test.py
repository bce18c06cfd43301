"""Pictures of densities: what they show, and texts that are no markup."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from PIL import Image

from api.documents.figures.density_picture import png_of, svg_of
from service.records import DensityRecord

PHI = [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]
RECORD = DensityRecord(
    id=1, job_id=1, study_id=1, trial_id=1, layer="<b>stem</b>", family="symmetric", kernel_size=3,
    n_dims=2, vector=[0.5], alpha=[0.5, 1.0, 0.5], beta=[0.5, 1.0, 0.5], phi=PHI, den=[0.5],
    provenance={"study": "tpe & co"}, created_at=datetime(2026, 3, 1, tzinfo=UTC),
)  # fmt: skip


def test_a_picture_has_a_title_and_is_well_formed() -> None:
    root = ET.fromstring(svg_of(RECORD))  # noqa: S314 - our own
    (title,) = (one for one in root if one.tag.endswith("title"))
    assert title.text == "symmetric density of tpe & co, <b>stem</b>, kernel 3"


def test_equal_values_have_equal_colours() -> None:
    with Image.open(io.BytesIO(png_of(RECORD))) as image:
        corners = {image.getpixel((x, y)) for x in (4, 132) for y in (4, 132)}
        assert image.size == (192, 192)
        assert len(corners) == 1
        assert image.getpixel((68, 68)) not in corners
