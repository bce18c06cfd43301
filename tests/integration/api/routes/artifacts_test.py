"""The files of a job: downloaded whole, and nothing else of the disk."""

from __future__ import annotations

import hashlib

import pytest
from starlette.testclient import TestClient

from service.settings import Settings
from service.storage import densities
from service.storage.database import Database
from tests.support.pages import items
from tests.support.specs import submit


def _artifact(database: Database, job_id: int, path: str, content: bytes) -> int:
    row = {
        "job_id": job_id,
        "trial_id": None,
        "name": 'best "net".safetensors',
        "media_type": "application/vnd.safetensors",
        "path": path,
        "n_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    with database.write() as session:
        return densities.put_artifact(session, row).id


def test_an_artifact_is_downloaded_whole(
    both: TestClient, database: Database, settings: Settings
) -> None:
    content = bytes(range(256)) * 4096
    (settings.data_dir / "artifacts").mkdir()
    (settings.data_dir / "artifacts" / "net").write_bytes(content)
    job_id = submit(both)
    _artifact(database, job_id, "artifacts/net", content)
    (entry,) = items(both, f"/v1/jobs/{job_id}/artifacts")
    answer = both.get(f"/v1/artifacts/{entry['id']}")
    assert answer.content == content
    assert hashlib.sha256(answer.content).hexdigest() == entry["sha256"]
    assert answer.headers["content-length"] == str(entry["n_bytes"])
    assert answer.headers["content-type"] == entry["media_type"]
    disposition = 'attachment; filename="best__net_.safetensors"'
    assert answer.headers["content-disposition"] == disposition


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "link", "artifacts", "gone"])
def test_an_artifact_never_leaves_the_data_directory(
    client: TestClient, sqlite_database: Database, settings: Settings, path: str
) -> None:
    home = settings.data_dir / "home"
    (home / "artifacts").mkdir(parents=True)
    (settings.data_dir / "secret").write_text("secret")
    (home / "link").symlink_to(settings.data_dir / "secret")
    client.app.state.settings = settings.model_copy(update={"data_dir": home})  # type: ignore[attr-defined]
    artifact_id = _artifact(sqlite_database, submit(client), path, b"")
    answer = client.get(f"/v1/artifacts/{artifact_id}")
    assert answer.status_code == 404
    assert "secret" not in answer.text
