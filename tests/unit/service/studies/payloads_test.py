from __future__ import annotations

from dataclasses import replace

import pytest

from densearch.density import families
from service.costs.training_cost import cost_key
from service.states import Phase
from service.studies import payloads
from service.studies.densities import densities_at
from service.studies.layer_groups import WHOLE
from service.studies.pack_key import pack_key
from service.studies.resolved import TrainingJob
from service.studies.training_payload import payload_of
from tests.support import resolved_jobs


def job_of(**changes: object) -> TrainingJob:
    body: dict[str, object] = {
        "name": "photos",
        "task": {"kind": "denoising"},
        "density": {"bounds": [[0.0, 2.0]]},
        "samplers": ["random"],
        "controls": ["uniform", "flat", {"name": "gaussian", "sigma": 2.0}],
        "budget": {"n_trials": 5},
    }
    return resolved_jobs.training(body | changes)


def searched(job: TrainingJob, point: list[float], arm: str = "random") -> payloads.Order:
    return payloads.searched(job, arm, point)


def test_a_point_becomes_den_and_phi() -> None:
    order = searched(job_of(), [0.25])
    assert order.params == {"den": [0.5], "lr": 0.05}
    assert order.payload["phi"] == [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]
    assert order.payload["split"] == "validation"
    assert order.payload["seed"] == order.seed


def test_the_uniform_density_is_a_plain_training_however_it_is_reached() -> None:
    job = job_of()
    point = searched(job, [0.5])
    control = searched(job, [], "uniform")
    assert point.payload["phi"] is None
    assert point.digest == control.digest


def test_every_density_of_a_search_meets_the_same_seed_and_evaluations_fresh_ones() -> None:
    job = job_of()
    first, second = searched(job, [0.1]), searched(job, [0.9])
    assert first.seed == second.seed == payloads.training_seed(job.spec, Phase.SEARCH)
    tests = [payloads.evaluated(job, first.params, first.payload, i) for i in range(3)]
    assert len({first.seed, *(order.seed for order in tests)}) == 4
    assert {order.payload["split"] for order in tests} == {"test"}
    other = payloads.evaluated(job, second.params, second.payload, 0)
    assert other.seed == tests[0].seed


@pytest.mark.parametrize(
    ("network", "is_packed"),
    [
        ({"kind": "dncnn", "width": 16}, True),
        ({"kind": "dncnn", "width": 12}, False),
        ({"kind": "unet", "width": 16}, False),
    ],
)
def test_what_no_pack_can_hold_is_the_training_of_a_job_without_packs(
    network: dict[str, object], is_packed: bool
) -> None:
    alone, packed = (
        searched(job_of(network=network, resources={"pack_width": n}), [0.3]) for n in (1, 4)
    )
    assert (alone.digest != packed.digest) is is_packed
    assert ("packed" in packed.payload) is is_packed


def test_name_budget_and_samplers_do_not_change_a_training() -> None:
    ours = searched(job_of(), [0.3])
    theirs = searched(job_of(name="other", budget={"n_trials": 9}, samplers=["tpe"]), [0.3])
    assert ours.digest == theirs.digest
    assert ours.digest != searched(job_of(seed=1), [0.3]).digest
    assert ours.digest != searched(job_of(training={"lr": 0.01}), [0.3]).digest
    on_gpu = job_of(resources={"gpus_per_trial": 0.5})
    assert ours.digest != searched(on_gpu, [0.3]).digest


@pytest.mark.parametrize(
    ("resources", "n_threads"),
    [
        ({"cpus_per_trial": 0.5}, None),
        ({"cpus_per_trial": 1}, None),
        ({"cpus_per_trial": 1.9}, None),
        ({"cpus_per_trial": 2.5}, 2),
        ({"cpus_per_trial": 4}, 4),
        ({"cpus_per_trial": 4, "gpus_per_trial": 0.5}, None),
    ],
)
def test_whole_cpus_are_threads_and_more_than_one_name_another_training(
    resources: dict[str, float], n_threads: int | None
) -> None:
    usual, order = searched(job_of(), [0.3]), searched(job_of(resources=resources), [0.3])
    assert order.payload.get("threads") == n_threads
    if "gpus_per_trial" not in resources:  # a digest names the kind of device, too
        assert (order.digest == usual.digest) is (n_threads is None)
    final = payloads.evaluated(job_of(resources=resources), order.params, order.payload, 0)
    assert final.payload.get("threads") == n_threads
    assert (cost_key(order.payload, "cpu") == cost_key(usual.payload, "cpu")) is (
        n_threads is None
    )
    packed = [{**one, "packed": True} for one in (usual.payload, order.payload)]
    assert len({pack_key(payload_of(one)) for one in packed}) == (1 if n_threads is None else 2)


def test_a_smaller_last_batch_that_stays_is_no_part_of_a_training_s_name() -> None:
    usual, same, other = (
        searched(job_of(training=training), [0.3])
        for training in ({}, {"drop_last": False}, {"drop_last": True})
    )
    assert "drop_last" not in usual.payload["training"]  # as in jobs of earlier versions
    assert usual.digest == same.digest != other.digest
    assert other.payload["training"]["drop_last"] is True


def test_searched_settings_reach_the_training() -> None:
    job = job_of(search={"lr": {"low": 0.001, "high": 0.1, "log": True}})
    order = searched(job, [0.5, 0.5, 0.5])
    assert order.payload["training"]["lr"] == 0.01
    assert order.params["lr"] == order.payload["training"]["lr"]


def test_controls_take_their_own_values() -> None:
    job = job_of()
    gaussian = densities_at(job, "gaussian", ())[WHOLE]
    assert gaussian.vector == (2.0,)
    best = families.build("symmetric", 3, [0.5])
    flat = densities_at(job, "flat", (), {WHOLE: best})[WHOLE]
    assert flat.phi.std() == 0.0
    assert flat.phi[0, 0] == pytest.approx(((1 + 4 * 0.25 + 4 * 0.0625) / 9) ** 0.5)


def test_a_function_gets_its_vector_alone() -> None:
    job = resolved_jobs.resolved(
        {
            "name": "f",
            "task": {"kind": "function", "name": "sphere", "dimension": 2},
            "samplers": ["random"],
            "budget": {"n_trials": 1},
        }
    )
    order = payloads.searched(job, "random", [0.25, 0.75])
    assert order.params == {"x": [0.25, 0.75]}
    assert order.payload["point"] == [0.25, 0.75]


DIGITS: dict[str, object] = {"kind": "classification", "dataset": "digits"}


def digits(seed: int = 0, **task: object) -> payloads.Order:
    job = job_of(task={**DIGITS, **task}, seed=seed)
    return payloads.searched(job, "random", [0.3])


def test_a_subset_is_part_of_a_trainings_name_and_no_subset_is_not() -> None:
    whole, half = digits(), digits(n_train=539)
    assert "n_train" not in whole.payload["task"]
    assert "subset_seed" not in whole.payload["task"]
    assert half.payload["task"]["n_train"] == 539
    assert half.digest != whole.digest


@pytest.mark.parametrize(("one", "other"), [(0.5, 539), (1078, None), (0.99999, 1078)])
def test_two_ways_to_name_a_subset_are_one_training(one: object, other: object) -> None:
    assert digits(n_train=one).digest == digits(n_train=other).digest


def test_a_subset_is_drawn_by_the_jobs_seed_alike_for_all_trials_and_costs_the_same() -> None:
    job = job_of(task={**DIGITS, "n_train": 100})
    first, second = (payloads.searched(job, "random", [x]) for x in (0.1, 0.9))
    test = payloads.evaluated(job, first.params, first.payload, 1)
    tasks = [order.payload["task"] for order in (first, second, test)]
    assert tasks[0] == tasks[1] == tasks[2]
    assert "n_train" not in digits(seed=1).payload["task"]
    small, large = digits(n_train=100).payload["task"], digits(n_train=500).payload["task"]
    assert small["subset_seed"] == large["subset_seed"]  # one is part of the other
    mine, redrawn = digits(n_train=100), digits(seed=1, n_train=100)
    assert mine.payload["task"]["subset_seed"] != redrawn.payload["task"]["subset_seed"]
    assert cost_key(mine.payload, "cpu") == cost_key(redrawn.payload, "cpu")
    assert cost_key(mine.payload, "cpu") != cost_key(digits(n_train=500).payload, "cpu")


def test_a_short_training_has_some_epochs_of_its_steps_on_the_whole_schedule() -> None:
    job = job_of(
        task=DIGITS,
        training={"steps": 401, "schedule": "cosine"},
        fidelity={"search_fraction": 0.5, "promote": 1},
    )
    short = payloads.searched(job, "random", [0.3]).payload["training"]
    full = payloads.searched(job, "random", [0.3], is_full=True).payload["training"]
    assert (short["epochs"], short["steps"], short["schedule_epochs"]) == (5, 401, 10)
    assert (full["epochs"], full["steps"]) == (10, 401)
    assert "steps" not in digits().payload["training"]


def of_seed(job_seed: int, **rate: object) -> TrainingJob:
    return job_of(
        seed=job_seed,
        task={"kind": "classification", "n_train": 200},
        density={"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True},
        controls=["uniform_tuned"],
        tuned_rate=rate,
        evaluation={"n_seeds": 0},
    )


def test_jobs_of_other_seeds_share_the_tuning_of_their_rate_and_nothing_else() -> None:
    first, second, own = of_seed(1, seed=0), of_seed(2, seed=0), of_seed(2)
    point = [0.3]
    tunings = [searched(job, point, "uniform_tuned") for job in (first, second, own)]
    assert tunings[0].digest == tunings[1].digest != tunings[2].digest
    assert searched(of_seed(0), point, "uniform_tuned").digest == tunings[0].digest
    densities = {searched(job, point).digest for job in (first, second)}
    assert len(densities) == 2
    assert searched(second, point).digest == searched(own, point).digest


def test_a_point_is_trained_at_the_rate_of_its_space() -> None:
    job = of_seed(0)
    space = replace(job.spaces.of("random"), rate=0.3)
    order = payloads.searched(job, "random", [0.5], space=space)
    assert order.params["lr"] == order.payload["training"]["lr"] == 0.3
    again = payloads.searched(job, "random", [0.5], space=space, is_full=True, seed_index=1)
    assert again.payload["training"]["lr"] == 0.3
    assert searched(job, [0.5]).payload["training"]["lr"] == job.training.lr
