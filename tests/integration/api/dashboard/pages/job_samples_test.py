"""The page of the test items: the hardest, those of each source, and two arms."""

from __future__ import annotations

import numpy as np
import pytest
from starlette.testclient import TestClient

from service.item_losses import ItemLosses
from service.jobs import item_standings
from service.states import Phase
from service.storage import events, item_losses, studies, trials
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


def test_a_job_without_an_evaluation_says_so(
    client: TestClient, sqlite_database: Database
) -> None:
    failed = seeding.failed(sqlite_database)
    assert "No losses of test items were kept" in client.get(f"/jobs/{failed.id}/samples").text
    function = seeding.function_job(sqlite_database)
    assert "has no samples" in client.get(f"/jobs/{function.id}/samples").text
