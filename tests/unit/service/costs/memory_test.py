"""Lower bounds for the memory of jobs, and refusals by them."""

from __future__ import annotations

from typing import Any

from service.costs import memory
from service.studies.resolved import TrainingJob
from tests.support import resolved_jobs

GB = 10**9


def job(**changes: Any) -> TrainingJob:
    body = {
        "name": "large",
        "task": {"kind": "denoising", "patch_px": 128, "n_patches": 1_000_000},
        "network": {"kind": "dncnn", "depth": 5, "width": 512},
        "training": {"batch_size": 65536},
        "samplers": ["random"],
        "budget": {"n_trials": 4},
    }
    return resolved_jobs.training(body | changes)


def refusal(of: TrainingJob, worker_bytes: int | None) -> tuple[str, str]:
    (fault,) = memory.faults(of, worker_bytes)
    return fault.pointer, fault.detail


def needed(of: TrainingJob) -> int:
    need = memory.need_of(of)
    assert need is not None
    return need.bytes


def test_a_batch_that_fits_no_worker_is_refused_with_one_that_may() -> None:
    # 65,536 patches of 128 x 128 in 512 channels: 2.2 TB for each map that is kept.
    pointer, detail = refusal(job(), 8 * GB)
    assert pointer == "/training/batch_size"
    assert "8 GB" in detail
    most = int(detail.split("use at most ")[1].split(",")[0])
    assert not list(memory.faults(job(training={"batch_size": most}), 8 * GB))
    assert refusal(job(training={"batch_size": most + 1}), 8 * GB)[0] == pointer


def test_a_network_that_fits_with_no_batch_is_refused_by_its_width() -> None:
    wide = job(network={"kind": "unet", "n_stages": 6, "width": 256})
    assert refusal(wide, GB)[0] == "/network/width"


def test_the_largest_training_of_a_search_counts() -> None:
    searched = job(
        training={"batch_size": 1},
        search={"batch_size": {"low": 1, "high": 4096, "log": True, "integer": True}},
    )
    assert refusal(searched, 8 * GB)[0] == "/search/batch_size"
    assert needed(searched) == needed(job(training={"batch_size": 4096}))
    chosen = job(training={"batch_size": 1}, search={"batch_size": {"choices": [1, 64]}})
    assert needed(chosen) == needed(job(training={"batch_size": 64}))


def test_a_batch_is_no_larger_than_an_epoch() -> None:
    few = {"kind": "denoising", "patch_px": 128, "n_patches": 8}
    assert needed(job(task=few)) == needed(job(task=few, training={"batch_size": 8}))


def test_adam_holds_more_than_sgd() -> None:
    plain = {"batch_size": 1, "momentum": 0.0}
    sizes = [
        needed(job(training=plain)),
        needed(job(training=plain | {"momentum": 0.9})),
        needed(job(training=plain | {"optimizer": "adam"})),
        needed(job(training=plain, search={"optimizer": {"choices": ["sgd", "adamw"]}})),
    ]
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]


def test_half_precision_halves_what_is_kept_unless_a_training_decides() -> None:
    searched = job(evaluation={"n_seeds": 0}, training={"batch_size": 64, "precision": "bfloat16"})
    decided = job(training={"batch_size": 64, "precision": "bfloat16"})
    exact = job(training={"batch_size": 64})
    assert needed(searched) < needed(decided) == needed(exact)


def test_functions_and_unknown_workers_refuse_nothing() -> None:
    called = resolved_jobs.resolved(
        {"name": "f", "task": {"kind": "function", "name": "branin"}, "budget": {"n_trials": 4}}
    )
    assert memory.need_of(called) is None
    assert not list(memory.faults(called, 1))
    assert not list(memory.faults(job(), None))


def test_a_worker_has_its_share_of_the_roomiest_cluster() -> None:
    two = job(resources={"cpus_per_trial": 2})
    found = [{"cpus": 4.0, "memory_per_cpu_bytes": 3e9}, {"memory_per_cpu_bytes": 1e9}, {}]
    assert memory.of_worker(two.spec, found) == 6 * GB
    assert memory.of_worker(two.spec, [{"cpus": 4.0}]) is None
    assert memory.of_worker(job(resources={"gpus_per_trial": 1}).spec, found) is None
