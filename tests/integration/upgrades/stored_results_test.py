"""What stored jobs give now: the paused ones go on, the finished ones train nothing again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from api.app import create_app
from service import digest
from service.errors import OtherVersionError
from service.jobs import artifact_files
from service.orchestration import step
from service.orchestration.messages import Ended, Update, packs_of
from service.orchestration.run import Run
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database
from tests.assets.databases.loading import WHOLE, load, load_files, results_of
from tests.assets.databases.results import Json, result_of
from tests.support.simulation import Simulation
from workers.training.devices import device_kind
from workers.worker import Worker

FUNCTION, TRAINING = "paused function", "paused training"
# Their points are the same on every machine. Those of the others depend on the last bits of
# numpy's exponentials and of linear solvers, which differ between kinds of CPU.
STEADY = {"direct_l", "direct_l_rand", "qmc", "grid", "random", "gradient", "fixed"}
ANYWHERE = ("study", "sampler", "phase", "number")
STOPPED = sa.text("SELECT digest FROM trials WHERE job_id = :id AND state = 'PRUNED'")
# More steps than any of the stored jobs takes.
MANY = 400


class Training(Simulation):
    """A simulation whose workers train."""

    data_dir: Path

    def finish_one(self) -> Ended:
        assignment = self.hand.pop(self.random.randrange(len(self.hand)))
        ends = [m for m in Worker(str(self.data_dir)).run([assignment]) if isinstance(m, tuple)]
        ((ended, weights),) = ends
        if weights is None:
            return ended
        return replace(ended, weights=artifact_files.store_weights(self.data_dir, weights))


class Again(Training):
    """A simulation that fails as soon as anything but what was stopped early is trained."""

    stopped: frozenset[str]

    def step(self, run: Run, updates: list[Update]) -> None:
        """Run nothing ahead of need: that is none of what the spec asks for."""
        step.prepare(run)
        with self.database.write() as session:
            n_free = self.n_workers - len(packs_of(self.hand))
            self.hand += step.take(session, run, updates, n_free, may_speculate=False)
        self.hand = [one for one in self.hand if one.attempt_id in run.live]

    def finish_one(self) -> Ended:
        trained = {assignment.digest: assignment.payload for assignment in self.hand}
        assert trained.keys() <= self.stopped, trained
        return super().finish_one()


# Of the older ones by hand: it trains for a while.
@pytest.fixture(params=[*(pytest.param(r, marks=pytest.mark.slow) for r in WHOLE[:-1]), WHOLE[-1]])
def stored(request: pytest.FixtureRequest) -> Json:
    """What the version that stored a database gave."""
    return results_of(request.param) | {"revision": request.param}


@pytest.fixture
def named_as_stored(stored: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name trainings by the versions that named the stored ones, whatever is installed here."""
    monkeypatch.setattr(digest, "versions", lambda: stored["versions"])


@pytest.fixture
def upgraded(request: pytest.FixtureRequest, stored: Json, tmp_path: Path) -> Database:
    """The stored database of the kind that a test asks for, upgraded."""
    database: Database = request.getfixturevalue(request.param)
    load(database, stored["revision"])
    load_files(tmp_path, stored["revision"])
    schema.upgrade(database)
    return database


@pytest.fixture
def client(upgraded: Database, tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(Settings(data_dir=tmp_path), upgraded)
    with TestClient(app, base_url="http://localhost") as made:
        yield made


def kind_of(names: str) -> pytest.MarkDecorator:
    """Say which kinds of database `upgraded` is."""
    fixtures = [f"{name}_database" for name in names.split()]
    return pytest.mark.parametrize("upgraded", fixtures, ids=names.split(), indirect=True)


def is_same_machine(stored: Json) -> bool:
    """Whether values are exact: the same kind of CPU, the same code and packages."""
    packages = {name: version(name) for name in stored["packages"]}
    here = packages, [device_kind("cpu")], digest.TRAINING_VERSION
    there = stored["packages"], stored["devices"], stored["versions"]["training"]
    return bool(here == there)


def job_of(client: TestClient, name: str) -> Json:
    return next(
        job for job in client.get("/v1/jobs?limit=200").json()["items"] if job["name"] == name
    )


def resume(client: TestClient, name: str) -> None:
    job = job_of(client, name)
    assert job["state"] == "PAUSED"
    assert client.post(f"/v1/jobs/{job['id']}/resume").status_code == 200


def taken(simulation: Simulation, job: Json) -> Run:
    """Claim what can be claimed, and return the run of one job."""
    return next(run for run in simulation.take() if run.job.id == job["id"])


def studies_of(client: TestClient, job: Json) -> list[Json]:
    found: list[Json] = client.get(f"/v1/jobs/{job['id']}/studies").json()["items"]
    return found


def has_steady_points(client: TestClient, job: Json) -> bool:
    return all(study["sampler"] in STEADY for study in studies_of(client, job))


def budget_of(client: TestClient, job: Json) -> int:
    """Return the trials of each search: more than the spec says where the job was extended."""
    searches = [study for study in studies_of(client, job) if study["role"] == "search"]
    return max(int(study["n_trials"]) for study in searches)


def planned(client: TestClient, job: Json, found: list[Json]) -> list[Json]:
    """Leave out final trainings beyond the plan: a clone has the plan alone."""
    whole = client.get(f"/v1/jobs/{job['id']}").json()
    if whole["spec"]["evaluation"].get("continued_to") is None:
        return found
    n_seeds = whole["report"]["answer"]["looks"][-1]["n_seeds"]
    return [one for one in found if one["phase"] != "evaluation" or one["number"] < n_seeds]


def stopped_of(database: Database, job: Json) -> frozenset[str]:
    """Return the digests of trainings that were stopped early: a new job does not take those."""
    with database.engine.connect() as connection:
        return frozenset(connection.execute(STOPPED, {"id": job["id"]}).scalars())


def trials_of(client: TestClient, job: Json) -> list[Json]:
    path = f"/v1/jobs/{job['id']}/trials?phase=all&limit=1000"
    found: list[Json] = client.get(path).json()["items"]
    return found


def asked_for(client: TestClient, job: Json) -> list[Json]:
    """Return the trials that a job's spec asks for: without those that were run ahead."""
    names = ("study", "phase", "number", "state", "point", "params", "value", "curve")
    found = [
        {name: trial[name] for name in names}
        for trial in trials_of(client, job)
        if trial["number"] is not None
    ]
    return sorted(found, key=lambda trial: [trial[name] for name in names[:3]])


def compare(database: Database, stored: Json, name: str) -> None:
    """Compare what a job gave with what it gave where it was stored."""
    with database.engine.connect() as connection:
        found = result_of(connection, name)
    expected = stored["jobs"][name]
    if is_same_machine(stored):
        assert found["trials"] == expected["trials"]
        assert validated(found["report"]) == validated(expected["report"])
        return
    keys = ANYWHERE if name == TRAINING else (*ANYWHERE, "point", "digest")
    for key in keys:
        one, other = (
            [trial[key] for trial in side["trials"] if name == TRAINING or is_steady(trial)]
            for side in (found, expected)
        )
        assert one == other, key


def validated(report: Json | None) -> Json | None:
    """Return a report's figures without those of its test split.

    The stored training learns nothing in its few steps, which since version 3 of the report is no
    loss of an arm; its test trials are compared one by one.
    """
    if report is None:
        return None
    arms = {
        name: {key: arm[key] for key in ("validation_loss", "search_loss")}
        for name, arm in report["arms"].items()
    }
    return {"best_arm": report["best_arm"], "arms": arms}


def is_steady(trial: Json) -> bool:
    return trial["sampler"] in STEADY


@kind_of("sqlite postgresql")
@pytest.mark.usefixtures("named_as_stored")
def test_a_paused_function_goes_on(upgraded: Database, stored: Json, client: TestClient) -> None:
    resume(client, FUNCTION)
    simulation = Simulation(upgraded)
    simulation.run(taken(simulation, job_of(client, FUNCTION)))
    compare(upgraded, stored, FUNCTION)


@kind_of("sqlite")
@pytest.mark.usefixtures("named_as_stored")
def test_a_paused_training_goes_on(
    upgraded: Database, stored: Json, client: TestClient, tmp_path: Path
) -> None:
    resume(client, TRAINING)
    simulation = Training(upgraded)
    simulation.data_dir = tmp_path
    simulation.run(taken(simulation, job_of(client, TRAINING)))
    compare(upgraded, stored, TRAINING)


@kind_of("sqlite")
def test_other_code_refuses_what_was_trained_by_the_stored_one(
    upgraded: Database, stored: Json, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = stored["versions"] | {"training": stored["versions"]["training"] + 1}
    monkeypatch.setattr(digest, "versions", lambda: other)
    resume(client, TRAINING)
    job = job_of(client, TRAINING)
    with pytest.raises(OtherVersionError, match=f"densearch clone {job['id']}"):
        Simulation(upgraded).take()
    finished = job_of(client, "layers")["id"]
    answer = client.post(f"/v1/jobs/{finished}/extend", json={"n_trials": 3})
    assert answer.status_code == 409
    assert f"densearch clone {finished}" in answer.json()["detail"]


@kind_of("sqlite")
@pytest.mark.usefixtures("named_as_stored")
def test_a_finished_job_that_is_submitted_again_trains_nothing(
    upgraded: Database, stored: Json, client: TestClient, tmp_path: Path
) -> None:
    finished = client.get("/v1/jobs?limit=200&state=SUCCEEDED").json()["items"]
    assert len(finished) > 15
    for job in finished:
        stopped = stopped_of(upgraded, job)
        if not is_same_machine(stored) and (stopped or not has_steady_points(client, job)):
            continue
        changes = {"name": "again", "budget": {"n_trials": budget_of(client, job)}}
        again = client.post(f"/v1/jobs/{job['id']}/clone", json=changes).json()
        simulation = Again(upgraded)
        simulation.data_dir, simulation.stopped = tmp_path, stopped
        simulation.run(taken(simulation, again), MANY)
        old, new = (asked_for(client, one) for one in (job, again))
        assert new == planned(client, job, old), job["name"]
        n_trained = sum(trial["attempts"] for trial in trials_of(client, again))
        assert n_trained == 0 or stopped, job["name"]
