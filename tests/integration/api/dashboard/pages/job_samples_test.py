"""The page of the test items: the hardest, those of each source, and two arms."""

from __future__ import annotations

import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from service import sample_sheets
from service.item_losses import ItemLosses
from service.jobs import item_standings
from service.jobs.artifact_files import store_sheet
from service.settings import Settings
from service.states import Phase
from service.storage import densities, events, item_losses, studies, trials
from service.storage.database import Database
from tests.support import seeding

N_ITEMS = 30


def judged(database: Database) -> tuple[int, dict[str, np.ndarray]]:
    """A job with losses of its test items; returns the mean loss of each item by arm."""
    job = seeding.succeeded(database)
    chance = np.random.default_rng(1)
    found: dict[str, list[np.ndarray]] = {}
    with database.write() as session:
        names = {study.id: study.name for study in studies.of_job(session, job.id)}
        for trial in trials.of_job(session, job.id):
            if trial.phase is Phase.EVALUATION:
                losses = chance.uniform(0.001, 0.01, N_ITEMS).astype(np.float32)
                groups = np.arange(N_ITEMS) % 3
                item_losses.put(session, trial.digest, ItemLosses.of(losses, groups))
                found.setdefault(names[trial.study_id], []).append(losses)
        events.add(session, job.id, "job", {})
    return job.id, {arm: np.stack(own).astype(float).mean(axis=0) for arm, own in found.items()}


def test_standings_are_the_means_over_the_seeds(database: Database) -> None:
    job_id, expected = judged(database)
    with database.read() as session:
        found = item_standings.standings_of(session, job_id)
    assert found is not None
    assert (found.n_items, found.n_seeds, found.n_trained) == (N_ITEMS, 3, 3)
    assert list(found.losses) == list(expected)
    for arm, losses in found.losses.items():
        np.testing.assert_allclose(losses, expected[arm], rtol=1e-6)
    overall = np.mean(list(expected.values()), axis=0)
    assert found.hardest(4) == list(np.argsort(-overall)[:4])
    third = {arm: own[2::3].mean() for arm, own in expected.items()}
    assert found.of_groups()[2] == pytest.approx(third, rel=1e-6)


def test_the_page_shows_hard_items_sources_and_pairs(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id, expected = judged(sqlite_database)
    page = client.get(f"/jobs/{job_id}/samples?arm=tpe&against=%3Cb%3E").text
    hardest = int(np.argmax(np.mean(list(expected.values()), axis=0)))
    assert f'<th scope="row" data-label="Item">{hardest}</th>' in page
    assert "By source" in page
    assert "an arm &#39;&lt;b&gt;&#39;" in page
    pairs = client.get(f"/jobs/{job_id}/figures/pairs?arm=tpe&against=flat").json()
    _, points = pairs["data"]
    np.testing.assert_allclose(points["y"], -10 * np.log10(expected["tpe"]), rtol=1e-6)
    better = int(np.sum(expected["tpe"] < expected["flat"]))
    assert pairs["layout"]["meta"]["caption"].startswith(f"{better} of {N_ITEMS} test items")
    assert client.get(f"/jobs/{job_id}/figures/pairs?arm=tpe&against=tpe").json() is None
    spread = client.get(f"/jobs/{job_id}/figures/items").json()
    assert len(spread["data"]) == len(expected)


def test_the_page_shows_what_networks_make_of_samples(
    client: TestClient, sqlite_database: Database, settings: Settings
) -> None:
    job = seeding.succeeded(sqlite_database)
    grey = np.zeros((2, 4, 4, 1), dtype=np.uint8)
    psnr = np.array([20.5, np.inf], dtype=np.float32)
    pictures = {"numbers": np.array([0, 9]), "inputs": grey, "outputs": grey, "targets": grey}
    sheets = {
        "tpe": pictures | {"output_psnr": psnr},
        "flat": {"confusion": np.array([[5, 1], [2, 8]])},
        "random": {"confusion": np.array([[[3, 1], [2, 4]]])},
    }
    with sqlite_database.write() as session:
        for arm, sheet in sheets.items():
            content = sample_sheets.packed(sheet)
            assert content is not None
            path, n_bytes, sha256 = store_sheet(settings.data_dir, content)
            row = {"job_id": job.id, "trial_id": None, "name": f"{arm}{sample_sheets.SUFFIX}"}
            row |= {"media_type": sample_sheets.MEDIA_TYPE, "path": path}
            densities.put_artifact(session, row | {"n_bytes": n_bytes, "sha256": sha256})
        gone = {"job_id": job.id, "trial_id": None, "media_type": sample_sheets.MEDIA_TYPE}
        gone |= {"name": f"uniform{sample_sheets.SUFFIX}", "path": "artifacts/gone.npz"}
        densities.put_artifact(session, gone | {"n_bytes": 1, "sha256": "0" * 64})
    page = client.get(f"/jobs/{job.id}/samples").text
    assert page.count('src="data:image/png;base64,') == 6
    assert 'alt="Test sample 9, tpe"' in page
    assert "20.5 dB" in page
    assert "inf dB" in page
    assert re.search(r'class="right some">\s*8</td>', page)
    label = " ".join(re.sub("<[^>]*>", " ", page.partition("label 0")[2]).split())
    assert label.startswith("6 0.667 0.8")
    assert "There are no pictures" not in page


def test_a_job_without_an_evaluation_says_so(
    client: TestClient, sqlite_database: Database
) -> None:
    failed = seeding.failed(sqlite_database)
    assert "No losses of test items were kept" in client.get(f"/jobs/{failed.id}/samples").text
    function = seeding.function_job(sqlite_database)
    assert "has no samples" in client.get(f"/jobs/{function.id}/samples").text
