"""How many shares a cluster holds, by whole numbers."""

from __future__ import annotations

import pytest

from service.capacity import n_slots


@pytest.mark.parametrize("n", range(1, 101))
def test_so_many_parts_of_one_fit_into_one(n: int) -> None:
    assert n_slots({"cpus": 1.0, "gpus": 0.0}, 1 / n, 0.0) == n
    hundredths = n / 100
    assert n_slots({"cpus": 999.0, "gpus": 1.0}, 0.1, hundredths) == 100 // n


def test_what_is_scarcest_counts() -> None:
    assert n_slots({"cpus": 3.0, "gpus": 8.0}, 2.0, 1.0) == 1
    assert n_slots({"cpus": 3.0, "gpus": 0.0}, 1.0, 0.5) == 0
    assert n_slots({"cpus": -1.0, "gpus": 0.0}, 1.0, 0.0) == 0


def test_a_fraction_of_a_gpu_lies_on_one_gpu() -> None:
    assert n_slots({"cpus": 99.0, "gpus": 2.0}, 1.0, 0.6) == 2
    assert n_slots({"cpus": 99.0, "gpus": 3.0}, 1.0, 0.4) == 6
    assert n_slots({"cpus": 99.0, "gpus": 0.5}, 1.0, 0.25) == 2  # what others left of one
    assert n_slots({"cpus": 99.0, "gpus": 5.0}, 1.0, 2.0) == 2
