"""A job from its submission to its files, seen through the API alone."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from service.jobs import leases
from service.storage import jobs
from service.storage.database import Database
from tests.support.decided_jobs import finished
from tests.support.pages import all_items, items
from tests.support.simulation import PEAK_BYTES, Simulation, finish_next
from tests.support.specs import PHOTOS, SPHERE, submit

N_SEARCH = 2 * 5 + 2  # two samplers with a budget of 5, two controls
N_EVALUATED = 2 * 4  # two seeds of four arms


def test_a_new_job_waits_with_its_whole_spec(both: TestClient) -> None:
    answer = both.post("/v1/jobs", json=PHOTOS)
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert both.get(answer.headers["location"]).json() == job
    assert job["state"] == "QUEUED"
    assert job["spec"]["network"] == PHOTOS["network"]
    resources = {"cpus_per_trial": 1.0, "gpus_per_trial": 0.0, "pack_width": 1}
    assert job["spec"]["resources"] == resources
    assert job["progress"]["n_trials"] == N_SEARCH
    assert job["progress"]["n_evaluations"] == N_EVALUATED
    assert job["progress"]["fraction"] == 0.0
    assert job["best"] is job["report"] is job["started_at"] is None
    names = [study["name"] for study in items(both, f"/v1/jobs/{job['id']}/studies")]
    assert names == ["direct_l", "random", "uniform", "gaussian"]


def test_a_finished_job_shows_all_it_found(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    job = both.get(f"/v1/jobs/{job_id}").json()
    assert job["state"] == "SUCCEEDED"
    assert job["progress"]["fraction"] == 1.0
    assert job["progress"]["n_finished"] == N_SEARCH
    assert job["progress"]["n_evaluations_finished"] == N_EVALUATED
    assert both.get(f"/v1/jobs/{job_id}/report").json() == job["report"] is not None
    (summary,) = items(both, "/v1/jobs")
    assert summary["fraction"] == 1.0

    search = items(both, f"/v1/jobs/{job_id}/trials")
    assert sum(t["number"] is not None for t in search) == N_SEARCH
    assert all(t["speculative"] for t in search if t["number"] is None)
    done = [t for t in search if t["sampler"] in ("direct_l", "random")]
    assert job["best"]["value"] == min(t["value"] for t in done)
    best = both.get(f"/v1/trials/{job['best']['trial_id']}").json()
    assert best["params"] == job["best"]["params"]
    assert set(best["params"]) >= {"den", "lr"}
    # The bounds are [0, 2]: the value in real units is twice the coordinate, in 12 digits.
    assert best["params"]["den"][0] == pytest.approx(2.0 * best["point"][0], rel=1e-11)
    assert best["attempts"] == len(best["attempt_log"]) == (0 if best["cached"] else 1)
    memory = {(t["cached"], t["peak_memory_bytes"], t["device"]) for t in done}
    assert memory <= {(False, PEAK_BYTES, "cpu"), (True, None, "cpu")}
    assert len(items(both, f"/v1/jobs/{job_id}/trials?phase=evaluation")) == N_EVALUATED
    assert len(items(both, f"/v1/jobs/{job_id}/trials?phase=all")) == len(search) + N_EVALUATED

    studies = items(both, f"/v1/jobs/{job_id}/studies")
    assert all(study["is_finished"] for study in studies)
    assert [study["n_finished"] for study in studies] == [5, 5, 1, 1]


def test_jobs_are_listed_newest_first_and_filtered(both: TestClient) -> None:
    ids = [submit(both, {**SPHERE, "name": f"n & {i % 2}"}) for i in range(5)]
    both.post(f"/v1/jobs/{ids[0]}/cancel")
    assert [job["id"] for job in all_items(both, "/v1/jobs?limit=2")] == ids[::-1]
    named = all_items(both, "/v1/jobs?limit=1&name=n %26 0")
    assert [job["id"] for job in named] == [ids[4], ids[2], ids[0]]
    assert [job["id"] for job in all_items(both, "/v1/jobs?state=CANCELLED")] == [ids[0]]


def test_states_change_only_as_the_table_allows(both: TestClient) -> None:
    job_id = submit(both)

    def move(verb: str) -> tuple[int, str]:
        answer = both.post(f"/v1/jobs/{job_id}/{verb}")
        return answer.status_code, both.get(f"/v1/jobs/{job_id}").json()["state"]

    assert move("pause") == (200, "PAUSED")
    assert move("pause") == (200, "PAUSED")
    assert move("resume") == (200, "RUNNING")
    assert move("resume") == (200, "RUNNING")
    assert move("cancel") == (200, "CANCELLED")
    assert move("cancel") == (200, "CANCELLED")
    assert move("pause") == (409, "CANCELLED")
    assert move("resume") == (409, "CANCELLED")
    assert both.post("/v1/jobs/99/cancel").status_code == 404


def test_the_same_job_again_trains_nothing_and_says_so(
    both: TestClient, database: Database
) -> None:
    first = submit(both, SPHERE)
    finish_next(database)
    second = submit(both, SPHERE)
    simulation = Simulation(database)
    for run in simulation.take():
        simulation.run(run)
    assert simulation.n_trained == 0
    old = {t["id"]: t for t in items(both, f"/v1/jobs/{first}/trials")}
    new = items(both, f"/v1/jobs/{second}/trials")
    assert all(t["cached"] for t in new)
    assert [t["value"] for t in new] == [old[t["cached_from"]]["value"] for t in new]
    assert both.get(f"/v1/jobs/{second}").json()["progress"]["n_cached"] == len(new) == 6


def test_why_a_job_waits_is_shown(both: TestClient, database: Database) -> None:
    job_id = submit(both)

    def shown() -> str | None:
        reason: str | None = both.get(f"/v1/jobs/{job_id}").json()["waits_for"]
        assert items(both, "/v1/jobs")[0]["waits_for"] == reason
        return reason

    with database.write() as session:
        jobs.set_waits_for(session, job_id, "no worker has a GPU")
    assert "no dispatcher" in str(shown())
    leases.register(database, 1, {})
    assert shown() == "no worker has a GPU"
    both.post(f"/v1/jobs/{job_id}/pause")
    assert "paused" in str(shown())
    both.post(f"/v1/jobs/{job_id}/resume")
    assert shown() is None
    both.post(f"/v1/jobs/{job_id}/cancel")
    assert shown() is None


def test_leases_are_not_needed_to_look(both: TestClient, database: Database) -> None:
    job_id = submit(both)
    me = leases.register(database, 1, {})
    leases.claim(database, me, 60.0)
    assert both.post(f"/v1/jobs/{job_id}/pause").json()["state"] == "PAUSED"


def test_a_decision_is_in_the_job_and_by_any_margin(both: TestClient, database: Database) -> None:
    for hour, split in enumerate(("faces", "digits")):
        finished(database, hour, test_split=split, mean=-0.01)
    job_id = finished(database, 5)
    decision = both.get(f"/v1/jobs/{job_id}/decision").json()
    assert both.get(f"/v1/jobs/{job_id}").json()["decision"] == decision
    assert decision["light"] == "adopt"
    assert [one["name"] for one in decision["earlier"]] == ["digits 1", "faces 0"]
    strict = both.get(f"/v1/jobs/{job_id}/decision?margin_percent=30").json()
    assert (strict["light"], strict["margin_percent"]) == ("leave out", 30.0)


@pytest.mark.parametrize("margin", ["0", "100", "-1", "nan", "inf", "x"])
def test_a_margin_is_a_percentage(both: TestClient, database: Database, margin: str) -> None:
    job_id = finished(database, 0)
    answer = both.get(f"/v1/jobs/{job_id}/decision?margin_percent={margin}")
    assert answer.status_code == 422
    assert "margin_percent" in answer.text
    assert both.get(f"/v1/jobs/{job_id}/decision?margin=2").status_code == 422


def test_a_job_that_runs_has_no_decision(both: TestClient) -> None:
    job_id = submit(both, SPHERE)
    assert both.get(f"/v1/jobs/{job_id}").json()["decision"] is None
    answer = both.get(f"/v1/jobs/{job_id}/decision")
    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        f"there is no decision on job {job_id}: it searched the least value of a function, which "
        "has no density to adopt"
    )
    assert answer.json()["type"] == "/problems/no-decision"
