"""The ends of searches and of a job."""

from __future__ import annotations

from service.orchestration.step import open_run
from service.states import JobState, Phase, TrialState
from service.storage import densities, jobs, trials
from service.storage.database import Database
from tests.support.courses import found, of
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, forget


def test_a_job_whose_every_trial_fails_is_failed_with_the_reason(
    sqlite_database: Database,
) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 2}))
    raised = "no such function\n\nTraceback (most recent call last):\n  elsewhere"
    simulation = Simulation(sqlite_database, fails=set(range(100)), reason=raised)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.FAILED
    with sqlite_database.read() as session:
        error = jobs.get(session, job_id).error
        tried = trials.of_job(session, job_id)
    assert error is not None
    assert error["detail"] == "no such function"
    assert {str(trial.error and trial.error["detail"]) for trial in tried} == {raised}


def test_a_study_stops_when_its_boxes_are_narrower_than_the_noise(
    sqlite_database: Database,
) -> None:
    body = function_job(
        task={"kind": "function", "name": "sphere", "dimension": 2},
        samplers=["direct_l", "random"],
        budget={"n_trials": 200, "stop_below_noise": 0.05},
    )
    results = []
    for n_workers in (1, 4):
        job_id = run_whole(sqlite_database, body, n_workers=n_workers, seed=n_workers)
        arms, _ = found(sqlite_database, job_id)
        stopped_at = arms["direct_l"].stopped_at
        assert stopped_at is not None
        assert 5 < stopped_at < 200
        assert arms["random"].stopped_at is None
        assert (arms["direct_l"].best_value or 0.0) < 0.1
        rows = counted_trials(sqlite_database, job_id)
        assert len([row for row in rows if row[0] == "direct_l"]) == stopped_at
        results.append(rows)
        forget(sqlite_database, job_id)
    assert results[0] == results[1]


# In the simulation the loss is least where Phi sums up to 6 and the rate is 0.1: random points
# of the whole box lose to the control that is made for it.
NESTED = training_job(
    samplers=["random"],
    density={"bounds": [[1.8, 2.0]]},
    controls=[
        "uniform",
        {"name": "flat", "factor": 0.66},
        "uniform_tuned",
        "flat_tuned",
        "density_tuned",
    ],
    budget={"n_trials": 4},
    evaluation={"n_seeds": 2},
)


def test_a_richer_arm_is_represented_by_a_simpler_ones_training_where_that_is_better(
    database: Database,
) -> None:
    arms, every = found(database, job_id := run_whole(database, NESTED))
    assert {name: arm.chosen_from for name, arm in arms.items()} == {
        "random": "flat",
        "uniform": None,
        "flat": None,
        "uniform_tuned": None,
        "flat_tuned": None,
        "density_tuned": "flat_tuned",
    }
    assert arms["random"].best_trial_id == arms["flat"].best_trial_id
    assert arms["random"].best_value == arms["flat"].best_value
    with database.read() as session:
        rows = {row.study_id: row for row in densities.of_job(session, job_id)}
        report = jobs.get(session, job_id).report
    assert rows[arms["random"].id].phi == [[0.66] * 3] * 3
    assert rows[arms["random"].id].provenance["chosen_from"] == "flat"
    assert "chosen_from" not in rows[arms["flat"].id].provenance
    assert report is not None
    shown = {row["name"]: row for row in report["arms"]}
    assert shown["density_tuned"]["density"] == shown["flat_tuned"]["density"]
    assert shown["density_tuned"]["test"]["losses"] == shown["flat_tuned"]["test"]["losses"]
    tested = [t for t in every if t.phase is Phase.EVALUATION]
    assert {t.state for t in tested} == {TrialState.COMPLETED}
    # Six arms with two seeds; two of them are represented by another one's training.
    assert sum(t.cached_from is None for t in tested) == 8


def test_by_the_first_method_no_arm_takes_anothers_training(sqlite_database: Database) -> None:
    arms, every = found(sqlite_database, run_whole(sqlite_database, {**NESTED, "method": 1}))
    assert {arm.chosen_from for arm in arms.values()} == {None}
    owners = {trial.id: trial.study_id for trial in every}
    assert all(owners[arm.best_trial_id or 0] == arm.id for arm in arms.values())


def test_a_run_that_is_opened_again_knows_whose_training_represents_an_arm(
    sqlite_database: Database,
) -> None:
    submit(sqlite_database, NESTED)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.run_until(run, lambda: run.study("density_tuned").record.is_finished)
    again = open_run(sqlite_database, run.job)
    for study in again.studies:
        known = run.study(study.record.name)
        assert study.final == known.final
        assert study.record == known.record
    assert again.study("random").own is not None
    assert again.study("random").own != again.study("random").final


def test_a_tuned_arm_begins_with_the_best_of_the_simpler_one(sqlite_database: Database) -> None:
    body = {**NESTED, "samplers": ["direct_l"], "budget": {"n_trials": 6}}
    arms, every = found(sqlite_database, run_whole(sqlite_database, body))
    by_id = {trial.id: trial for trial in every}
    best = by_id[arms["uniform_tuned"].best_trial_id or 0]
    for name in ("flat_tuned", "density_tuned"):
        mine = of(every, arms[name], Phase.SEARCH)
        assert len(mine) == arms[name].n_trials
        rates = [trial.payload["training"]["lr"] for trial in mine]
        assert rates[0] == best.payload["training"]["lr"] != 0.05
        assert all(rates[0] / 8.0 <= rate <= rates[0] * 8.0 for rate in rates)
    # DIRECT's first point of both is a training that is known: the density's bounds leave 1 out.
    assert of(every, arms["flat_tuned"], Phase.SEARCH)[0].digest == best.digest
    assert [arms[name].n_trials for name in ("direct_l", "uniform_tuned", "flat_tuned")] == [
        *(6, 6, 12)
    ]


# In the simulation the rate of 0.1 is the best, and widths have no say in it.
AT_TUNED_RATE = training_job(
    samplers=["grid"],
    density={"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True},
    controls=["uniform_tuned"],
    tuned_rate={"seed": 7},
    budget={"n_trials": 9},
    evaluation={"n_seeds": 0},
)


def test_a_search_is_trained_at_the_tuned_rate_that_jobs_of_other_seeds_share(
    sqlite_database: Database,
) -> None:
    rows = []
    for seed, n_workers in ((0, 1), (0, 5), (1, 3)):
        job_id = run_whole(
            sqlite_database, AT_TUNED_RATE | {"seed": seed}, n_workers=n_workers, seed=n_workers
        )
        arms, every = found(sqlite_database, job_id)
        (best,) = (t for t in every if t.id == arms["uniform_tuned"].best_trial_id)
        rate = best.payload["training"]["lr"]
        assert rate != 0.05  # it is not the job's own
        grid = of(every, arms["grid"], Phase.SEARCH)
        assert {t.payload["training"]["lr"] for t in grid} == {rate}
        tuning = [t for t in every if t.study_id == arms["uniform_tuned"].id]
        assert max(t.id for t in tuning) < min(t.id for t in grid)
        assert not of(every, arms["grid"], Phase.CONFIRMATION)
        rows.append((counted_trials(sqlite_database, job_id), {t.digest for t in tuning}))
        if seed == 0:
            forget(sqlite_database, job_id)
    assert rows[0] == rows[1]
    assert rows[1][1] == rows[2][1]
