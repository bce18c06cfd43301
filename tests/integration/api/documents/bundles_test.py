"""The bundle of a job over REST: made by the real process, kept, and sent in parts."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import pytest
from starlette.testclient import TestClient

from api.documents import bundles
from service.jobs.bundle_source import PREFIX
from service.settings import Settings
from service.storage.database import Database
from tests.support import seeding
from tests.support.pages import items


def test_a_bundle_is_made_once_and_kept(
    client: TestClient,
    sqlite_database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = seeding.succeeded(sqlite_database, seeding.HOSTILE)
    at = f"/v1/jobs/{job.id}/bundle"
    first = client.get(at)
    assert (first.status_code, first.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        assert archive.testzip() is None
        density = json.loads(archive.read("density.json"))
        found = json.loads(archive.read("provenance.json"))
        card = archive.read("README.md").decode()
    assert (density["format"], density["version"]) == ("densearch-density", 1)
    assert density["densities"][0]["den"] == density["densities"][0]["vector"]
    reason = "its file is not in the data directory any more"
    assert found["lacks"]["model.safetensors"] == reason
    assert str(settings.data_dir).encode() not in first.content
    assert "<img" not in card.partition("---\n\n")[2].replace("\\<", "")
    (kept,) = (a for a in items(client, f"/v1/jobs/{job.id}/artifacts") if PREFIX in a["name"])
    with monkeypatch.context() as patch:  # the report is not composed again for a part
        patch.setattr(bundles, "markdown_of", None)
        again = client.get(at, headers={"Range": "bytes=10-19"})
        assert client.head(at).headers["content-length"] == str(len(first.content))
    assert (again.status_code, again.content) == (206, first.content[10:20])
    assert again.headers["etag"] == first.headers["etag"] == f'"{kept["sha256"]}"'
    # One that is lost is made again, byte for byte.
    for path in (settings.data_dir / "artifacts").rglob("*.zip"):
        path.unlink()
    assert client.get(at).content == first.content


def test_a_bundle_that_takes_long_is_made_for_the_next_request(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at, may_end = f"/v1/jobs/{seeding.succeeded(sqlite_database).id}/bundle", threading.Event()

    def run(_: object) -> bytes:
        assert may_end.wait(30)
        return b"PK"

    monkeypatch.setattr(bundles, "_run", run)
    with monkeypatch.context() as patch:
        patch.setattr(bundles, "WAIT_S", 0.01)
        answer = client.get(at)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "goes on being made: ask again" in answer.json()["detail"]
    may_end.set()
    assert client.get(at).content == b"PK"


def test_the_name_says_that_a_job_has_not_ended(
    sqlite_database: Database, settings: Settings
) -> None:
    job = seeding.running(sqlite_database)
    name = bundles._question(sqlite_database, settings, job.id, None, "folded")[1]
    assert "-folded-so-far-" in name


def test_a_job_without_a_density_says_what_it_lacks(
    client: TestClient, sqlite_database: Database
) -> None:
    for job, words in (
        (seeding.function_job(sqlite_database), "test function"),
        (seeding.waiting(sqlite_database), "has a density once a training of it is completed"),
        (seeding.submit(sqlite_database, "empty"), "QUEUED"),
    ):
        answer = client.get(f"/v1/jobs/{job.id}/bundle")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-bundle")
        assert words in answer.json()["detail"]
    assert client.get("/v1/jobs/99/bundle").json()["type"] == "/problems/not-found"
    assert client.get(f"/v1/jobs/{job.id}/bundle?arm=nobody").status_code == 404
    for wrong in ("norm=none", "arm=", "arm=a&arm=b", "format=zip"):
        assert client.get(f"/v1/jobs/{job.id}/bundle?{wrong}").status_code == 422, wrong
