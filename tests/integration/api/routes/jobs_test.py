"""A job from its submission to its files, seen through the API alone."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from service.jobs import leases
from service.orchestration import results
from service.orchestration.messages import Ended, Ending, Measured
from service.orchestration.run import Run
from service.records import Job
from service.settings import Settings
from service.storage import densities, jobs
from service.storage.database import Database
from tests.support.simulation import PEAK_BYTES, Simulation
from tests.support.specs import PHOTOS, SPHERE, changed, submit

N_SEARCH = 2 * 5 + 2  # two samplers with a budget of 5, two controls
N_EVALUATED = 2 * 4  # two seeds of four arms


def _items(client: TestClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _all(client: TestClient, path: str) -> list[dict[str, Any]]:
    """Follow the Link headers to the end."""
    found, url = [], path
    for _ in range(100):
        answer = client.get(url)
        found += answer.json()["items"]
        if "next" not in answer.links:
            return found
        url = answer.links["next"]["url"]
    raise AssertionError("the pages do not end")


def _finish(database: Database) -> Job:
    simulation = Simulation(database)
    (run,) = simulation.take()
    return simulation.run(run)


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
    names = [study["name"] for study in _items(both, f"/v1/jobs/{job['id']}/studies")]
    assert names == ["direct_l", "random", "uniform", "gaussian"]


def test_a_finished_job_shows_all_it_found(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    _finish(database)
    job = both.get(f"/v1/jobs/{job_id}").json()
    assert job["state"] == "SUCCEEDED"
    assert job["progress"]["fraction"] == 1.0
    assert job["progress"]["n_finished"] == N_SEARCH
    assert job["progress"]["n_evaluations_finished"] == N_EVALUATED
    assert both.get(f"/v1/jobs/{job_id}/report").json() == job["report"] is not None
    (summary,) = _items(both, "/v1/jobs")
    assert summary["fraction"] == 1.0

    search = _items(both, f"/v1/jobs/{job_id}/trials")
    assert sum(t["number"] is not None for t in search) == N_SEARCH
    assert all(t["speculative"] for t in search if t["number"] is None)
    done = [t for t in search if t["sampler"] in ("direct_l", "random")]
    assert job["best"]["value"] == min(t["value"] for t in done)
    best = both.get(f"/v1/trials/{job['best']['trial_id']}").json()
    assert best["params"] == job["best"]["params"]
    assert set(best["params"]) >= {"den", "lr"}
    # The bounds are [0, 2]: the value in real units is twice the coordinate.
    assert best["params"]["den"][0] == pytest.approx(2.0 * best["point"][0], abs=1e-15)
    assert best["attempts"] == len(best["attempt_log"]) == (0 if best["cached"] else 1)
    memory = {(t["cached"], t["peak_memory_bytes"], t["device"]) for t in done}
    assert memory <= {(False, PEAK_BYTES, "cpu"), (True, None, "cpu")}
    assert len(_items(both, f"/v1/jobs/{job_id}/trials?phase=evaluation")) == N_EVALUATED
    assert len(_items(both, f"/v1/jobs/{job_id}/trials?phase=all")) == len(search) + N_EVALUATED

    studies = _items(both, f"/v1/jobs/{job_id}/studies")
    assert all(study["is_finished"] for study in studies)
    assert [study["n_finished"] for study in studies] == [5, 5, 1, 1]


def test_a_density_is_downloaded_in_each_form(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    _finish(database)
    found = _items(both, f"/v1/jobs/{job_id}/densities")
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


def test_pages_join_to_the_whole_whatever_their_size(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    _finish(database)
    whole = _items(both, f"/v1/jobs/{job_id}/trials?phase=all&limit=1000")
    for query in ("phase=all&limit=1", "phase=all&limit=7", "phase=all&limit=20"):
        assert _all(both, f"/v1/jobs/{job_id}/trials?{query}") == whole
    mine = [t for t in whole if t["study"] == "direct_l" and t["phase"] == "search"]
    assert _all(both, f"/v1/jobs/{job_id}/trials?study=direct_l&limit=2") == mine
    by_id = f"study={mine[0]['study_id']}"
    assert _all(both, f"/v1/jobs/{job_id}/trials?{by_id}&limit=2") == mine
    fixed = [t for t in whole if t["sampler"] == "fixed"]
    assert _all(both, f"/v1/jobs/{job_id}/trials?sampler=fixed&phase=all&limit=3") == fixed
    assert _items(both, f"/v1/jobs/{job_id}/trials?state=FAILED") == []
    assert _items(both, f"/v1/jobs/{job_id}/trials?sampler=tpe") == []
    assert both.get(f"/v1/jobs/{job_id}/trials?study=tpe").status_code == 404


def test_jobs_are_listed_newest_first_and_filtered(both: TestClient) -> None:
    ids = [submit(both, {**SPHERE, "name": f"n & {i % 2}"}) for i in range(5)]
    both.post(f"/v1/jobs/{ids[0]}/cancel")
    assert [job["id"] for job in _all(both, "/v1/jobs?limit=2")] == ids[::-1]
    named = _all(both, "/v1/jobs?limit=1&name=n %26 0")
    assert [job["id"] for job in named] == [ids[4], ids[2], ids[0]]
    assert [job["id"] for job in _all(both, "/v1/jobs?state=CANCELLED")] == [ids[0]]


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


def _first_trial(database: Database) -> tuple[Simulation, Run]:
    simulation = Simulation(database, n_workers=1)
    (run,) = simulation.take()
    simulation.step(run, [])
    return simulation, run


def test_tries_and_measurements_of_a_trial_are_kept(both: TestClient, database: Database) -> None:
    submit(both)
    asleep, _ = _first_trial(database)
    (lost,) = asleep.hand
    with database.write() as session:  # its lease ran out while it slept
        jobs.release(session, asleep.me.id)
    simulation, run = _first_trial(database)
    (again,) = simulation.hand
    assert again.trial_id == lost.trial_id
    measured = [
        Measured(again.attempt_id, again.trial_id, epoch, {"loss": 1.0 / epoch}, 0.5 * epoch)
        for epoch in (1, 2)
    ]
    simulation.step(run, [*measured])
    results.record_late(
        database, [Ended(lost.attempt_id, lost.trial_id, Ending.COMPLETED, value=-1.0)]
    )
    trial = both.get(f"/v1/trials/{lost.trial_id}").json()
    assert trial["state"] == "RUNNING"
    assert trial["value"] is None
    assert trial["attempts"] == 2
    first, second = trial["attempt_log"]
    assert (first["state"], first["is_late"], first["value"]) == ("LOST", True, -1.0)
    assert first["number"] == 1
    assert (second["state"], second["is_late"]) == ("RUNNING", False)
    points = _items(both, f"/v1/trials/{lost.trial_id}/measurements")
    assert [(m["epoch"], m["metrics"]["loss"], m["elapsed_s"]) for m in points] == [
        (1, 1.0, 0.5),
        (2, 0.5, 1.0),
    ]
    assert both.get("/v1/jobs/1").json()["progress"]["n_running"] == 1


def test_coordinates_keep_every_bit(both: TestClient, database: Database) -> None:
    job_id = submit(both)
    simulation, _ = _first_trial(database)
    sent = {a.trial_id: a.payload["point"] for a in simulation.hand}
    shown = {t["id"]: t["point"] for t in _items(both, f"/v1/jobs/{job_id}/trials")}
    for trial_id, point in sent.items():
        assert [float(u).hex() for u in shown[trial_id]] == [float(u).hex() for u in point]


def test_the_same_job_again_trains_nothing_and_says_so(
    both: TestClient, database: Database
) -> None:
    first = submit(both, SPHERE)
    _finish(database)
    second = submit(both, SPHERE)
    simulation = Simulation(database)
    for run in simulation.take():
        simulation.run(run)
    assert simulation.n_trained == 0
    old = {t["id"]: t for t in _items(both, f"/v1/jobs/{first}/trials")}
    new = _items(both, f"/v1/jobs/{second}/trials")
    assert all(t["cached"] for t in new)
    assert [t["value"] for t in new] == [old[t["cached_from"]]["value"] for t in new]
    assert both.get(f"/v1/jobs/{second}").json()["progress"]["n_cached"] == len(new) == 6


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
    (entry,) = _items(both, f"/v1/jobs/{job_id}/artifacts")
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


def test_the_samplers_are_those_that_a_spec_may_name(client: TestClient) -> None:
    infos = {info["name"]: info for info in _items(client, "/v1/samplers")}
    assert {"direct_l", "tpe", "random"} <= set(infos)
    assert not infos["direct_l"]["capabilities"]["categorical"]
    assert infos["direct_l"]["installed"]
    for name, info in infos.items():
        if name == "gradient":  # a function has no density to learn
            submit(client, {**PHOTOS, "samplers": [name]})
        elif info["installed"]:
            submit(client, {**SPHERE, "samplers": [name]})
        else:
            refused = client.post("/v1/jobs", json={**SPHERE, "samplers": [name]}).json()
            remedy = f"pip install -e '.[{info['capabilities']['needs']}]'"
            assert remedy in refused["errors"][0]["detail"]


def test_a_trial_says_what_it_trains_on(client: TestClient, sqlite_database: Database) -> None:
    job_id = submit(client, changed("/resources", {"gpus_per_trial": 0.25}))
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.step(run, [])
    assert {t["device"] for t in _items(client, f"/v1/jobs/{job_id}/trials")} == {"cuda"}


def test_why_a_job_waits_is_shown(both: TestClient, database: Database) -> None:
    job_id = submit(both)

    def shown() -> str | None:
        reason: str | None = both.get(f"/v1/jobs/{job_id}").json()["waits_for"]
        assert _items(both, "/v1/jobs")[0]["waits_for"] == reason
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


def test_the_openapi_document_shows_the_spec_and_its_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/JobSpec"}
    spec = document["components"]["schemas"]["JobSpec"]
    assert set(spec["required"]) == {"name", "task", "budget"}
    assert spec["additionalProperties"] is False
    submit(client, body["example"])
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        here = document
        for key in reference.split("/"):
            here = here[key]


def test_leases_are_not_needed_to_look(both: TestClient, database: Database) -> None:
    job_id = submit(both)
    me = leases.register(database, 1, {})
    leases.claim(database, me, 60.0)
    assert both.post(f"/v1/jobs/{job_id}/pause").json()["state"] == "PAUSED"
