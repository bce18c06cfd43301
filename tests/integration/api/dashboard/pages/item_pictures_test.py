"""Pictures of test items: those of the sheets, of stored sets, and none where there is no item."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from api.dashboard.pages.item_pictures import has_set, pictures_of
from api.dashboard.pages.sheet_pictures import SheetPicture, SheetRow
from service.datasets.store.reader import open_stored
from service.records import Job
from service.storage.database import Database
from tests.support import seeding, stored_images


def pixels(address: str) -> np.ndarray:
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)))


def test_items_of_a_stored_set_are_its_test_samples_in_their_order(
    sqlite_database: Database, tmp_path: Path
) -> None:
    # Each image has a grey of its own.
    greys = [np.full((1, 12, 12), 3 * i, dtype=np.uint8) for i in range(60)]
    name = stored_images.store(tmp_path, greys)
    sha256 = name.rpartition(":")[2]
    stored = open_stored(tmp_path, sha256)
    test = stored.rows("test")
    job = _of_set(seeding.submit(sqlite_database, "stored"), sha256)
    last = len(test) - 1
    row = SheetRow(0, [SheetPicture("given", "data:sheet", None)])
    found = pictures_of(job, len(test), [last, 0, 1], [row], tmp_path)
    assert set(found) == {last, 0, 1}
    assert found[0] == "data:sheet"
    for place in (last, 1):
        drawn = pixels(found[place])
        assert drawn.shape[:2] == (72, 72)
        assert np.all(drawn == stored.sample(int(test[place])).max())
    # Items that are no samples, a set that is gone, and a built-in one.
    assert pictures_of(job, len(test) + 1, [1], [], tmp_path) == {}
    assert pictures_of(job, len(test), [1], [], tmp_path / "elsewhere") == {}
    assert has_set(job, tmp_path)
    assert not has_set(job, tmp_path / "elsewhere")
    built_in = seeding.submit(sqlite_database, "built in")
    assert pictures_of(built_in, 3, [0, 1], [row], tmp_path) == {0: "data:sheet"}


def _of_set(job: Job, sha256: str) -> Job:
    return replace(job, spec=job.spec | {"task": job.spec["task"] | {"data": {"sha256": sha256}}})
