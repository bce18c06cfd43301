"""Trials that their place fails, and the kinds of device that results come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from service.jobs import commands as use_cases
from service.orchestration.messages import Ended, Ending, Update
from service.orchestration.run import Run
from service.states import AttemptState, JobState, TrialState
from service.storage import trials
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import Simulation, counted_trials, forget, report_of, trained

FULL = "OutOfMemoryError: CUDA out of memory"
EPYC, XEON = "AMD EPYC 7763 (AVX2)", "Intel Xeon Platinum 8481C (AVX512)"


def submit(database: Database, n_trials: int = 8) -> int:
    body = {
        "name": "sphere",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": [{"name": "random", "batch_size": 4}],
        "budget": {"n_trials": n_trials},
        "resources": {"gpus_per_trial": 0.5},
    }
    return use_cases.submit(database, parse.parse(body))[0].id


@dataclass
class SharedGpu(Simulation):
    """A GPU on which the trials `large` find no memory while they have neighbours.

    Attributes:
        vast: Trials that find none on a whole GPU either.
        alone: Of each try at one of these, whether it was alone.
    """

    large: set[int] = field(default_factory=set)
    vast: set[int] = field(default_factory=set)
    alone: list[bool] = field(default_factory=list)

    def finish_one(self) -> Ended:
        assignment = self.hand.pop(self.random.randrange(len(self.hand)))
        ids = (assignment.attempt_id, assignment.trial_id)
        if assignment.trial_id not in self.large | self.vast:
            return trained(assignment)
        self.alone.append(assignment.is_alone)
        if not assignment.is_alone:
            return Ended(*ids, Ending.DISPLACED, error=FULL)
        is_vast = assignment.trial_id in self.vast
        return Ended(*ids, Ending.ERROR, error=FULL) if is_vast else trained(assignment)


def first_trial(run: Run, gpu: Simulation) -> int:
    gpu.step(run, [])
    return min(a.trial_id for a in gpu.hand)


def test_an_out_of_memory_beside_neighbours_changes_no_result(database: Database) -> None:
    quiet = submit(database)
    (run,) = (undisturbed := Simulation(database)).take()
    undisturbed.run(run)
    forget(database, quiet)
    job_id = submit(database)
    gpu = SharedGpu(database)
    (run,) = gpu.take()
    gpu.large = {first_trial(run, gpu)}
    assert gpu.run(run).state is JobState.SUCCEEDED
    assert counted_trials(database, job_id) == counted_trials(database, quiet)
    assert gpu.alone == [False, True]
    with database.read() as session:
        tries = trials.attempts(session, gpu.large.pop())
    assert [one.state for one in tries] == [AttemptState.LOST, AttemptState.COMPLETED]


def test_an_out_of_memory_alone_is_the_trials_own_and_fails_no_other(database: Database) -> None:
    job_id = submit(database)
    gpu = SharedGpu(database)
    (run,) = gpu.take()
    gpu.vast = {first_trial(run, gpu)}
    assert gpu.run(run).state is JobState.SUCCEEDED
    assert gpu.alone == [False, True, True, True]
    with database.read() as session:
        found = trials.of_job(session, job_id)
    assert {t.id for t in found if t.state is TrialState.FAILED} == gpu.vast
    assert sum(t.state is TrialState.COMPLETED for t in found) == 7


def test_a_place_that_fails_every_time_has_an_end_and_names_the_reason(database: Database) -> None:
    """As on a cluster of which no node sees the data directory."""
    submit(database, n_trials=1)
    blind = Simulation(
        database, fails=set(range(1, 1000)), ending=Ending.DISPLACED, reason="it is not shared"
    )
    (run,) = blind.take()
    job = blind.run(run)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["detail"].startswith("it is not shared; 30 attempts were lost, 0 of these")


@dataclass
class Mixed(Simulation):
    """Workers on the kinds of device `kinds`, in turn."""

    kinds: tuple[str, ...] = (EPYC,)

    def finish_one(self) -> Ended:
        ended = super().finish_one()
        kind = self.kinds[self.n_trained % len(self.kinds)]
        return replace(ended, worker=f"worker-{self.n_trained}", device=kind)


def test_the_report_says_that_results_come_from_several_kinds(database: Database) -> None:
    def run(kinds: tuple[str, ...]) -> int:
        job_id = submit(database)
        workers = Mixed(database, kinds=kinds)
        (opened,) = workers.take()
        workers.run(opened)
        return job_id

    mixed = run((EPYC, XEON))
    report = report_of(database, mixed)
    assert report["devices"] == [EPYC, XEON]
    assert f"2 kinds of device ({EPYC}; {XEON})" in report["findings"][-1]
    assert report["findings"][-1] in report["verdict"]
    # A job that trains nothing, since it takes the results of the other.
    again = run((EPYC,))
    with database.read() as session:
        assert all(t.cached_from for t in trials.of_job(session, again))
    assert report_of(database, again)["devices"] == [EPYC, XEON]
    forget(database, mixed)
    forget(database, again)
    pure = report_of(database, run((XEON,)))
    assert pure["devices"] == [XEON]
    assert "kinds of device" not in pure["verdict"]


def test_a_result_that_came_late_is_none_of_the_reports(database: Database) -> None:
    job_id = submit(database)
    workers = Mixed(database, kinds=(XEON,))
    (run,) = workers.take()
    updates: list[Update] = []
    workers.step(run, updates)
    lost = workers.hand.pop()
    workers.step(run, [Ended(lost.attempt_id, lost.trial_id, Ending.LOST, error="gone")])
    late = replace(trained(lost), worker="worker-0", device=EPYC)
    workers.step(run, [late])
    workers.run(run)
    assert report_of(database, job_id)["devices"] == [XEON]
