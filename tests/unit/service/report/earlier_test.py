"""Earlier jobs: which count, what they contribute, and that a test split counts once."""

from __future__ import annotations

import math
from typing import Any

import pytest

from service.report.decision import Basis
from service.report.earlier import EarlierJob, combined, earlier_job, is_of_kind

COMMON: dict[str, Any] = {
    "task": "denoising", "kernel_sizes": (3,), "arm": "density_tuned", "against": "uniform_tuned",
    "outcome": "better", "is_rate_tuned": True, "n": 5, "n_seeds": 5, "n_arms": 4, "unit": "ratio",
    "mean": -0.05, "spread": 0.02, "noise": 0.03,
}  # fmt: skip
OWN = Basis(test_split="photos", **COMMON)


def other(**changes: Any) -> Basis:
    return Basis(**COMMON | {"test_split": "faces"} | changes)


def test_of_the_kind_are_equal_tasks_and_kernels_on_other_test_splits() -> None:
    assert is_of_kind(OWN, other())
    assert not is_of_kind(OWN, other(test_split="photos"))
    assert not is_of_kind(OWN, other(task="classification"))
    assert not is_of_kind(OWN, other(kernel_sizes=(5,)))
    assert not is_of_kind(OWN, other(kernel_sizes=(3, 5)))


def test_splits_that_only_trainers_know_may_be_the_same() -> None:
    unknown = other(test_split="")
    assert not is_of_kind(unknown, OWN)
    assert not is_of_kind(OWN, unknown)


def test_a_job_contributes_its_mean_and_its_error() -> None:
    found = earlier_job(7, "faces", other())
    assert found is not None
    assert (found.job_id, found.name, found.test_split, found.n) == (7, "faces", "faces", 5)
    assert (found.effect, found.variance) == pytest.approx((-0.05, 0.02**2 / 5))
    assert found.change == pytest.approx(math.exp(-0.05) - 1.0)


def test_where_none_was_found_the_effect_is_zero() -> None:
    found = earlier_job(7, "faces", other(outcome="none found", mean=0.0, spread=0.0))
    assert found is not None
    assert (found.effect, found.variance) == pytest.approx((0.0, 0.03**2 / 5))


@pytest.mark.parametrize(
    "changes",
    [
        {"is_rate_tuned": False},
        {"unit": "share"},
        {"unit": "difference"},
        {"outcome": "less reliable"},
        {"n": 1, "spread": None},
        {"mean": None},
        {"spread": 0.0},
        {"outcome": "none found", "noise": None},
    ],
)
def test_these_contribute_nothing(changes: dict[str, Any]) -> None:
    assert earlier_job(7, "faces", other(**changes)) is None


def job(job_id: int, split: str, effect: float) -> EarlierJob:
    return EarlierJob(job_id, f"job {job_id}", split, 5, effect, 1e-4)


def test_jobs_of_a_test_split_count_once() -> None:
    one = combined([job(1, "a", -0.02), job(2, "b", -0.06)])
    same = combined([job(1, "a", -0.01), job(2, "b", -0.06), job(3, "a", -0.03)])
    assert one is not None
    assert same is not None
    assert same.n == 2
    assert (same.mean, same.tau2) == pytest.approx((one.mean, one.tau2))
    assert combined([job(1, "a", -0.02), job(2, "a", -0.06)]) is None


def test_the_order_of_jobs_changes_nothing() -> None:
    jobs = [job(1, "a", -0.02), job(2, "b", -0.06), job(3, "a", -0.03), job(4, "c", 0.01)]
    assert combined(jobs) == combined(jobs[::-1])
