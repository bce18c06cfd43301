"""Jobs whose samplers behave badly, in the dispatcher's loop with real asking processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from densearch.sampler import Capabilities, Effort
from service.jobs import commands as use_cases
from service.orchestration.messages import Assignment, Ended, Ending
from service.samplers import SamplerInfo
from service.samplers.catalogue.registry import _SAMPLERS
from service.samplers.sections import NoOptions
from service.settings import Settings
from service.states import JobState
from service.storage import studies
from service.storage.database import Database
from service.validation import parse
from tests.support import odd_samplers
from tests.support.pretended_cluster import PretendedCluster, job_of
from tests.support.root import ROOT
from tests.support.simulation import Simulation, counted_trials, forget
from workers.dispatcher import Dispatcher

PATIENCE_S = 180.0
NAMES = ("Sleeping", "Raising", "Dying", "Waiting")

Open = Callable[..., Dispatcher]


@pytest.fixture(autouse=True)
def odd_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT / "library", ROOT))))
    for name in NAMES:
        info = SamplerInfo(
            name=name,
            title=name,
            description="odd",
            capabilities=Capabilities(),
            section=NoOptions,
            path=f"{odd_samplers.__name__}:{name}",
            effort=lambda _: Effort(1e6, 0.0),
        )
        monkeypatch.setitem(_SAMPLERS, name, info)


@pytest.fixture
def dispatcher(
    sqlite_database: Database, tmp_path: Path, cluster: PretendedCluster
) -> Iterator[Dispatcher]:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=600.0, ask_s=PATIENCE_S)
    found = Dispatcher(settings, sqlite_database, cluster)
    yield found
    found.resign()
    assert not found.asking.pids()


def submit(database: Database, *samplers: str, n_trials: int = 12) -> int:
    body = {
        "name": "odd",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": list(samplers),
        "budget": {"n_trials": n_trials},
    }
    return use_cases.submit(database, parse.parse(body))[0].id


def _diverge(cluster: PretendedCluster, assignment: Assignment) -> None:
    ended = Ended(assignment.attempt_id, assignment.trial_id, Ending.DIVERGED)
    cluster.messages.append((assignment, (ended, None)))


def turn_until(
    dispatcher: Dispatcher, cluster: PretendedCluster, is_so: Callable[[], object]
) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        dispatcher.turn()
        for assignment in cluster.in_hand().values():
            cluster.finish(assignment)


def test_others_go_on_and_a_cancel_ends_the_ask(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    slow = submit(sqlite_database, "Sleeping")
    asking = dispatcher.asking
    turn_until(
        dispatcher,
        cluster,
        lambda: asking.n_running() and not cluster.in_hand(),
    )
    other = submit(sqlite_database, "random")  # a POST, while the sampler is being asked
    turn_until(
        dispatcher, cluster, lambda: job_of(sqlite_database, other).state is JobState.SUCCEEDED
    )
    assert job_of(sqlite_database, slow).state is JobState.RUNNING
    use_cases.cancel(sqlite_database, slow)
    turn_until(dispatcher, cluster, lambda: slow not in dispatcher.held.runs)
    turn_until(dispatcher, cluster, lambda: not asking.n_running())


def test_a_pause_ends_the_ask_and_resume_asks_again(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv(odd_samplers.GATE, str(gate))
    job_id = submit(sqlite_database, "Waiting")
    asking = dispatcher.asking
    turn_until(dispatcher, cluster, lambda: asking.n_running() and not cluster.in_hand())
    use_cases.pause(sqlite_database, job_id)
    turn_until(dispatcher, cluster, lambda: not asking.n_running())
    gate.touch()
    use_cases.resume(sqlite_database, job_id)
    turn_until(
        dispatcher, cluster, lambda: job_of(sqlite_database, job_id).state is JobState.SUCCEEDED
    )


@pytest.mark.parametrize("name", ["Raising", "Dying"])
def test_a_study_that_cannot_be_asked_ends_with_what_it_has(
    name: str, sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database, name, "random")
    turn_until(dispatcher, cluster, lambda: job_of(sqlite_database, job_id).state.is_final)
    job = job_of(sqlite_database, job_id)
    assert job.state is JobState.SUCCEEDED
    with sqlite_database.read() as session:
        ended = {s.name: (s.stopped_at, s.stopped_by) for s in studies.of_job(session, job_id)}
    assert ended == {name: (4, "asking"), "random": (None, None)}
    assert job.report is not None
    (stopped,) = job.report["stopped"]
    assert stopped["fault"].startswith(f"the sampler {name} failed: ")
    assert stopped["fault"].endswith("(three times in a row)")
    row = {"study": name, "n_trials": 4, "n_planned": 12, "by": "asking"}
    assert stopped == row | {"fault": stopped["fault"]}
    assert f"{name} after 4 trials" in job.report["verdict"]
    assert stopped["fault"] in job.report["verdict"]


def test_a_job_without_any_value_says_why_it_failed(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PretendedCluster, "finish", _diverge)
    job_id = submit(sqlite_database, "Raising")
    turn_until(dispatcher, cluster, lambda: job_of(sqlite_database, job_id).state.is_final)
    job = job_of(sqlite_database, job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "Raising failed: ZeroDivisionError" in job.error["detail"]
    assert "a library's bug" in job.error["detail"]


def test_a_job_asked_in_processes_is_the_job_asked_here(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    there = submit(sqlite_database, "tpe", "cmaes", "direct_l", n_trials=24)
    (run,) = Simulation(sqlite_database).take()
    here = Simulation(sqlite_database)
    assert here.run(run).state is JobState.SUCCEEDED
    expected = counted_trials(sqlite_database, there)
    forget(sqlite_database, there)
    again = submit(sqlite_database, "tpe", "cmaes", "direct_l", n_trials=24)
    turn_until(
        dispatcher, cluster, lambda: job_of(sqlite_database, again).state is JobState.SUCCEEDED
    )
    assert counted_trials(sqlite_database, again) == expected
