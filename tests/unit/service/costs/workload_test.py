"""How many trainings a job has, how long each is, and which must follow one another."""

from __future__ import annotations

from typing import Any

import pytest

from service.costs import workload
from service.costs.workload import Trainings
from service.studies.resolved import TrainingJob
from tests.support import resolved_jobs
from tests.support.jobs import function_job, training_job


def job_of(**changes: Any) -> TrainingJob:
    body = {"samplers": ["random"], "controls": ["uniform"], "training": {"epochs": 8}}
    return resolved_jobs.training(training_job(**(body | changes)))


def counted(job: TrainingJob) -> dict[str, Trainings]:
    return {found.kind: found for found in workload.trainings_of(job)}


def test_every_search_spends_the_budget_and_every_arm_is_evaluated() -> None:
    found = counted(job_of(samplers=["random", "tpe"], controls=["uniform", "uniform_tuned"]))
    assert {kind: each.n for kind, each in found.items()} == {
        "search": 2 * 9, "tuned": 9, "control": 1, "confirmation": 2 * (3 * 3 + 1),
        "evaluation": 4 * 2,
    }  # fmt: skip
    decides = ("confirmation", "evaluation")
    assert {kind: each.is_full for kind, each in found.items()} == {
        kind: kind in decides for kind in found
    }


def test_a_learned_density_is_trained_with_one_seed() -> None:
    body = {"samplers": ["gradient"], "controls": ["uniform"], "validation_seeds": 2}
    found = counted(job_of(**body))
    assert found["confirmation"].n == 1  # of uniform


def test_the_share_of_the_controls_is_that_of_their_usual_trainings() -> None:
    body = {"samplers": ["random"], "evaluation": {"n_seeds": 2}, "budget": {"n_trials": 8}}
    assert workload.share_of_controls(job_of(controls=[], **body)) == 0.0
    # 8 + 2 trainings of the search, 1 + 2 of uniform.
    job = job_of(controls=["uniform"], **body)
    assert workload.share_of_controls(job) == pytest.approx(3 / 13)
    # Each of three finalists has two further seeds: 16 of each search, 5 of uniform.
    job = job_of(controls=["uniform", "uniform_tuned"], **body)
    assert workload.share_of_controls(job) == pytest.approx(21 / 37)
    # A learned density has one training and no further seeds.
    job = job_of(**body | {"samplers": ["gradient"], "validation_seeds": 2})
    assert workload.share_of_controls(job) == pytest.approx(4 / 7)


def test_a_better_speculation_may_have_no_evaluation() -> None:
    """The arm exists only if the searches find such a point."""
    evaluation = counted(job_of(samplers=["direct_l"], use_speculation=True))["evaluation"]
    assert (evaluation.n, evaluation.n_least) == (3 * 2, 2 * 2)


def test_no_more_are_promoted_than_a_study_has_trials() -> None:
    fidelity = {"search_fraction": 0.25, "promote": 3}
    found = counted(job_of(fidelity=fidelity))
    assert found["promotion"].n == 3 + 1  # of the search, and of the control
    assert (found["search"].epochs, found["promotion"].epochs) == ((2, 2, 2), (6, 6, 8))
    shortened = counted(job_of(fidelity=fidelity | {"schedule": "shortened"},
                                training={"epochs": 8, "schedule": "cosine"}))  # fmt: skip
    assert shortened["promotion"].epochs == (8, 8, 8)  # it cannot continue the short one


def test_audited_trainings_are_counted_and_begin_from_the_start() -> None:
    fidelity = {"search_fraction": 0.5, "promote": 2, "audit": 2}
    found = counted(job_of(fidelity=fidelity, validation_seeds=3))
    assert found["promotion"].n == 4 + 1  # of the search, and of the control
    assert found["confirmation"].n == 2 * (4 + 1)
    assert found["promotion"].epochs == (6, 6, 8)  # half of them continue after 4 of 8


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ({}, (8, 8, 8)),
        ({"low": 2, "high": 8, "integer": True}, (2, 5, 8)),
        ({"low": 2, "high": 8, "integer": True, "log": True}, (2, 4, 8)),
        ({"choices": [9, 1, 4]}, (1, 4, 9)),
    ],
)
def test_searched_epochs_have_a_least_a_usual_and_a_most(
    search: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    job = job_of(search={"epochs": search} if search else {})
    assert workload.epochs_of(job, is_full=True) == expected


def test_only_the_least_epochs_are_fewer_by_pruning() -> None:
    median = job_of(pruning={"rule": "median", "warmup_epochs": 1})
    assert workload.epochs_of(median, is_full=False) == (5, 8, 8)  # one half after 2 epochs
    assert workload.epochs_of(median, is_full=True) == (8, 8, 8)
    halving = job_of(
        pruning={"rule": "halving", "eta": 2},
        samplers=[{"name": "random", "batch_size": 8}],
    )
    # All for 1 epoch, a half for 1 more, a quarter for 2, an eighth for 4: 2.5 in the mean.
    assert workload.epochs_of(halving, is_full=False) == (3, 8, 8)


def test_a_function_is_called_once() -> None:
    assert workload.epochs_of(resolved_jobs.resolved(function_job()), is_full=True) == (1, 1, 1)


@pytest.mark.parametrize(
    ("sampler", "expected"),
    [
        ("random", (1, 1)),  # no point depends on a value
        ("direct_l", (1, 5)),  # guesses may all be right; a division asks for two at least
        ({"name": "tpe", "batch_size": 4}, (3, 3)),
    ],
)
def test_rounds_follow_one_another_where_values_decide(
    sampler: object, expected: tuple[int, int]
) -> None:
    job = job_of(samplers=[sampler])
    search, uniform = job.studies
    assert workload.rounds_of(job.spec, search) == expected
    assert workload.rounds_of(job.spec, uniform) == (1, 1)


def test_a_flat_control_of_the_best_waits_for_the_searches() -> None:
    assert workload.chain_of(job_of()) == (1, 1, 0)
    assert workload.chain_of(job_of(controls=["flat"])) == (2, 2, 0)
    assert workload.chain_of(job_of(controls=[{"name": "flat", "factor": 0.5}])) == (1, 1, 0)
    fidelity = {"search_fraction": 0.5}
    assert workload.chain_of(job_of(controls=["flat"], fidelity=fidelity)) == (2, 2, 2)


def test_a_tuned_control_waits_for_the_one_that_it_searches_around() -> None:
    controls = ["uniform_tuned", "flat_tuned"]
    same = {"samplers": [{"name": "tpe", "batch_size": 4}], "budget": {"n_trials": 8}}
    # Two rounds of one value, four of two.
    alone = {"validation_seeds": 1, **same}
    assert workload.chain_of(job_of(controls=controls, **alone)) == (6, 6, 0)
    assert workload.chain_of(job_of(controls=controls[1:], **alone)) == (4, 4, 0)
    assert workload.chain_of(job_of(controls=controls, **same)) == (6, 6, 2)
    fidelity = {"search_fraction": 0.5}
    assert workload.chain_of(job_of(controls=controls, fidelity=fidelity, **same)) == (6, 6, 2)
    assert workload.chain_of(job_of(controls=controls, method=1, **same)) == (2, 2, 0)


def test_where_jobs_share_their_rate_it_alone_is_chosen_with_several_seeds() -> None:
    body = {"controls": ["uniform_tuned"], "tuned_rate": {"seed": 0}, "evaluation": {"n_seeds": 0}}
    found = counted(job_of(**body))
    assert {kind: each.n for kind, each in found.items()} == {
        "search": 9, "tuned": 9, "confirmation": 2 * 3,
    }  # fmt: skip


def test_a_search_at_the_tuned_rate_follows_its_tuning() -> None:
    body = {"samplers": ["grid"], "controls": ["uniform_tuned"], "evaluation": {"n_seeds": 2}}
    assert workload.chain_of(job_of(**body))[0] == 1
    assert workload.chain_of(job_of(**body, tuned_rate={}))[0] == 2
