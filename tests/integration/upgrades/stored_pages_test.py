"""Every page and every answer about what earlier versions stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database
from tests.assets.databases.loading import LIVE, load


@pytest.mark.parametrize("revision", LIVE)
def test_the_product_reads_what_was_stored(
    database: Database, revision: str, tmp_path: Path
) -> None:
    load(database, revision)
    schema.upgrade(database)
    states = set()
    app = create_app(Settings(data_dir=tmp_path), database)
    with TestClient(app, base_url="http://localhost") as client:
        for job in client.get("/v1/jobs").json()["items"]:
            states.add(job["state"])
            pages = ["", "/studies", "/trials", "/densities", "/artifacts"]
            pages += ["/report"] if job["state"] == "SUCCEEDED" else []
            for page in pages:
                answer = client.get(f"/v1/jobs/{job['id']}{page}")
                assert answer.status_code == 200, (page, answer.text)
            assert client.get(f"/jobs/{job['id']}").status_code == 200
    assert states == {"QUEUED", "PAUSED", "SUCCEEDED", "FAILED", "CANCELLED"}
