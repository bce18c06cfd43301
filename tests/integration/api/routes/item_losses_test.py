"""The losses of a job's test items, downloaded as one file."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from starlette.testclient import TestClient

from service.item_losses import ItemLosses
from service.orchestration.messages import Ended
from service.states import JobState
from service.storage import jobs
from service.storage.database import Database
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation

N_ITEMS = 12


class Judging(Simulation):
    """A simulation whose workers send losses of items, but for one training."""

    n_judged = 0

    def finish_one(self) -> Ended:
        ended = super().finish_one()
        value, factors = ended.value or 0.0, 1.0 + 0.01 * (np.arange(N_ITEMS) - 5.5)
        items = ItemLosses.of(value * factors, np.arange(N_ITEMS) // 2)
        return replace(ended, items=items)


def judged_job(database: Database) -> int:
    body = training_job(
        task={"kind": "classification"}, samplers=["random"], controls=["uniform", "flat"],
        budget={"n_trials": 2}, evaluation={"n_seeds": 3},
    )  # fmt: skip
    job_id = submit(database, body)
    simulation = Judging(database)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    return job_id


def test_all_losses_are_one_archive_with_arms_seeds_and_items(
    both: TestClient, database: Database
) -> None:
    job_id = judged_job(database)
    answer = both.get(f"/v1/jobs/{job_id}/item-losses")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-npz"
    assert answer.headers["content-length"] == str(len(answer.content))
    disposition = f'attachment; filename="item-losses-{job_id}.npz"'
    assert answer.headers["content-disposition"] == disposition
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as found:
        assert found["seeds"].tolist() == [0, 1, 2]
        assert found["groups"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        report = both.get(f"/v1/jobs/{job_id}").json()["report"]
        names = {f"losses/{arm['name']}" for arm in report["arms"]}
        assert set(found) == {"seeds", "groups", *names}
        for arm in report["arms"]:
            losses = found[f"losses/{arm['name']}"]
            assert losses.dtype == np.float32
            assert losses.shape == (3, N_ITEMS)
            assert losses.mean(axis=1) == pytest.approx(arm["test"]["losses"])
    page = both.get(f"/jobs/{job_id}/files").text
    assert f'href="../../v1/jobs/{job_id}/item-losses"' in page


def test_a_report_compares_its_arms_over_seeds_and_items(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = judged_job(sqlite_database)
    items = client.get(f"/v1/jobs/{job_id}").json()["report"]["answer"]["items"]
    assert (items["n_items"], items["n_groups"], items["n_seeds"]) == (N_ITEMS, 6, 3)
    assert items["reason"].startswith("at least 10 groups of items are needed")


def test_a_job_without_losses_of_items_has_no_such_file(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = run_whole(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 2}))
    for number in (job_id, 99):
        answer = client.get(f"/v1/jobs/{number}/item-losses")
        assert answer.status_code == 404
    assert "losses of items" in client.get(f"/v1/jobs/{job_id}/item-losses").json()["detail"]
    assert "item-losses" not in client.get(f"/jobs/{job_id}/files").text


def test_jobs_count_the_looks_at_their_test_split(
    client: TestClient, sqlite_database: Database
) -> None:
    body = training_job(samplers=["random"], controls=["uniform"], budget={"n_trials": 2})
    first = run_whole(sqlite_database, body)
    second = run_whole(sqlite_database, body | {"seed": 1})
    other = run_whole(sqlite_database, body | {"task": {"kind": "classification"}})
    function = run_whole(sqlite_database, function_job(budget={"n_trials": 2}))
    counts = [
        client.get(f"/v1/jobs/{job_id}").json()["earlier_looks"]
        for job_id in (first, second, other, function)
    ]
    assert counts == [0, 1, 0, None]
    with sqlite_database.read() as session:
        report = jobs.get(session, second).report
    assert "looked at" not in str(report)
    sentence = "This test split has been looked at by 1 job before this one."
    assert sentence in client.get(f"/jobs/{second}").text
    assert client.delete(f"/v1/jobs/{first}").status_code == 204
    assert client.get(f"/v1/jobs/{second}").json()["earlier_looks"] == 1
