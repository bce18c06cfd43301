"""The example package, installed by pip: a server without torch reads it, a worker trains it.

Its sampler is asked by a dispatcher, in a process, until a job ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.jobs import commands
from service.settings import Settings
from service.states import JobState
from service.storage import trials
from service.storage.database import Database
from service.validation import parse
from tests.support.plugging import forget, used
from tests.support.pretended_cluster import PretendedCluster, job_of
from tests.support.root import ROOT
from workers.dispatcher import Dispatcher

# As the server: no module of torch may be loaded. Prints the payload of each job's first trial.
SERVER = """
import json, sys
from service.studies import payloads
from service.validation import parse
from service.validation.resolve import resolve
orders = []
for body in json.loads(sys.argv[1]):
    job = resolve(parse.parse(body))
    point = [0.4] * job.spaces.searches.dimension
    orders.append(payloads.searched(job, job.studies[0].name, point).payload)
assert "torch" not in sys.modules
print(json.dumps(orders))
"""
# As a worker: trains each payload, prints the loss and how many epochs were measured.
WORKER = """
import json, sys
from service.orchestration.messages import Assignment, Measured
from workers.worker import Worker
worker, found = Worker(), []
for payload in json.loads(sys.argv[1]):
    *measured, (ended, _) = worker.run([Assignment(1, 1, 1, "", payload, "cpu", False)])
    assert all(isinstance(item, Measured) for item in measured), measured
    found.append([ended.ending, ended.metrics, len(measured), ended.error])
print(json.dumps(found))
"""
COUNTING = {
    "name": "counted",
    "task": {"kind": "counting"},
    "network": {"kind": "dilated", "depth": 2, "kernel_size": 5},
    "density": {"scope": "layer"},
    "training": {"epochs": 2},
    "samplers": ["direct_l"],
    "budget": {"n_trials": 2},
}
NAMING = {
    "name": "named",
    "task": {"kind": "classification", "dataset": "rings"},
    "training": {"epochs": 2},
    "samplers": ["direct_l"],
    "budget": {"n_trials": 2},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a copy of the example, whose folder pip would write into."""
    folder = tmp_path_factory.mktemp("own")
    source = shutil.copytree(ROOT / "examples" / "own_network", folder / "source")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    target = folder / "target"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", target, source],
        check=True,
        capture_output=True,
    )
    return target


def path_to(installed: Path) -> str:
    return os.pathsep.join(map(str, (ROOT / "library", ROOT, installed)))


def answer(installed: Path, script: str, body: object) -> Any:  # noqa: ANN401 - JSON
    ran = subprocess.run(
        [sys.executable, "-c", script, json.dumps(body)],
        env={**os.environ, "PYTHONPATH": path_to(installed), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def trained(installed: Path) -> list[tuple[Any, Any]]:
    """What the server makes of both jobs, and a worker of that: to start either takes seconds."""
    payloads = answer(installed, SERVER, [COUNTING, NAMING])
    return list(zip(payloads, answer(installed, WORKER, payloads), strict=True))


def test_its_network_and_objective_are_read_without_torch_and_trained(
    trained: list[tuple[Any, Any]],
) -> None:
    payload, (ending, metrics, n_epochs, error) = trained[0]
    assert list(payload["phi"]) == ["blocks.0.0", "blocks.1.0"]
    assert set(payload["packages"]) == {"densearch.networks", "densearch.objectives"}
    assert (ending, n_epochs, error) == ("completed", 2, None)
    # Answers by chance are wrong by more than a ring.
    assert 0 <= metrics["count_error"] < 1


def test_its_data_train_a_network_of_ours(trained: list[tuple[Any, Any]]) -> None:
    payload, (ending, metrics, n_epochs, error) = trained[1]
    assert payload["packages"] == {"densearch.datasets": {"rings": "own-network 0.1.0"}}
    assert (ending, n_epochs, error) == ("completed", 2, None)
    assert 0.25 < metrics["accuracy"] <= 1


def test_the_doctor_lists_it(installed: Path) -> None:
    script = (
        "import json; from api.cli.installed_plugins import listed; "
        "print(json.dumps([[p.what, p.name, p.package, p.error] for p in listed()]))"
    )
    found = answer(installed, script, None)
    for what, name in (
        ("network", "dilated"),
        ("data set", "rings"),
        ("objective", "counting"),
        ("sampler", "annealing"),
    ):
        assert [what, name, "own-network 0.1.0", None] in found


# Its sampler

ANNEALED = {
    "name": "annealed",
    "task": {"kind": "function", "name": "sphere", "dimension": 3},
    "samplers": [{"name": "annealing", "options": {"step": 0.3}}],
    "budget": {"n_trials": 18},
}
PATIENCE_S = 60.0


@pytest.fixture
def begin(
    installed: Path, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Dispatcher]]:
    """Give a function that ends the dispatcher, as a restart does, and begins another."""
    begun: list[Dispatcher] = []
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=600.0, ask_s=PATIENCE_S)

    def begin() -> Dispatcher:
        for dispatcher in begun:
            dispatcher.resign()
        forget()
        begun[:] = [Dispatcher(settings, sqlite_database, PretendedCluster())]
        return begun[0]

    monkeypatch.setenv("PYTHONPATH", path_to(installed))  # of the processes that are asked
    with used(installed, monkeypatch):
        yield begin
        begun[0].resign()


def turn_until(dispatcher: Dispatcher, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    cluster: Any = dispatcher.cluster
    while not is_so():
        assert time.monotonic() < deadline
        dispatcher.turn()
        for assignment in cluster.in_hand().values():
            cluster.finish(assignment)


def points_of(database: Database, job_id: int) -> list[list[float]]:
    with database.read() as session:
        found = sorted(trials.each_of_job(session, job_id), key=lambda trial: trial.number or 0)
        return [list(trial.point) for trial in found]


def test_its_sampler_searches_a_job_which_continues_with_no_other_version(
    installed: Path, sqlite_database: Database, begin: Callable[[], Dispatcher]
) -> None:
    def submit() -> int:
        return commands.submit(sqlite_database, parse.parse(ANNEALED))[0].id

    def has_ended(job_id: int) -> bool:
        return job_of(sqlite_database, job_id).state.is_final

    dispatcher, whole = begin(), submit()
    turn_until(dispatcher, lambda: has_ended(whole))
    assert job_of(sqlite_database, whole).state is JobState.SUCCEEDED
    points = points_of(sqlite_database, whole)
    assert len({tuple(point) for point in points}) == 18

    parted = submit()
    turn_until(dispatcher, lambda: 4 < len(points_of(sqlite_database, parted)) < 18)
    (described,) = installed.glob("*.dist-info")
    metadata = (described / "METADATA").read_text()
    (described / "METADATA").write_text(metadata.replace("Version: 0.1.0", "Version: 0.2.0"))
    turn_until(begin(), lambda: has_ended(parted))
    (described / "METADATA").write_text(metadata)
    job = job_of(sqlite_database, parted)
    assert job.state is JobState.FAILED
    assert "was of own-network 0.1.0, and is of own-network 0.2.0 here" in str(job.error)
    before = points_of(sqlite_database, parted)
    assert before == points[: len(before)]
