"""The densities of a job: listed by study, and downloaded in each form."""

from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import numpy as np
from PIL import Image
from safetensors.numpy import load
from starlette.testclient import TestClient

from service.storage.database import Database
from tests.support.pages import items
from tests.support.simulation import finish_next
from tests.support.specs import PHOTOS, submit


def test_a_density_is_downloaded_in_each_form(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    found = items(both, f"/v1/jobs/{job_id}/densities")
    assert {density["study"] for density in found} == {
        "direct_l",
        "random",
        "uniform",
        "gaussian",
    }
    learned = next(density for density in found if density["study"] == "direct_l")
    assert np.outer(learned["alpha"], learned["beta"]).tolist() == learned["phi"]
    assert learned["den"] == [learned["alpha"][0]]
    assert learned["provenance"]["trial_id"] == learned["trial_id"]
    address = f"/v1/densities/{learned['id']}"
    plain = both.get(address)
    assert plain.json() == learned
    assert plain.headers["content-disposition"].endswith('.json"')
    archive = both.get(f"{address}?format=npz")
    assert archive.headers["content-disposition"].endswith('.npz"')
    with np.load(io.BytesIO(archive.content), allow_pickle=False) as arrays:
        assert arrays["phi"].tolist() == learned["phi"]
    text = both.get(f"{address}?format=csv")
    assert text.headers["content-type"].startswith("text/csv")
    assert len(text.text.splitlines()) == 1 + 3 + 3 + 1 + 9
    tensors = load(both.get(f"{address}.safetensors").content)
    assert tensors["phi"].tolist() == learned["phi"]
    picture = both.get(f"{address}.svg")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert ET.fromstring(picture.text).tag.endswith("svg")  # noqa: S314 - our own
    with Image.open(io.BytesIO(both.get(f"{address}?format=png").content)) as image:
        assert image.size == (192, 192)
    assert "repr-digest" in picture.headers
    assert both.get(f"{address}?format=gif").status_code == 422
