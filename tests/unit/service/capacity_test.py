"""How many shares a cluster holds, by whole numbers."""

from __future__ import annotations

import pytest

from service.capacity import n_places


@pytest.mark.parametrize("n", range(1, 101))
def test_so_many_parts_of_one_fit_into_one(n: int) -> None:
    assert n_places({"cpus": 1.0, "gpus": 0.0}, 1 / n, 0.0) == n
    hundredths = n / 100
    assert n_places({"cpus": 999.0, "gpus": 1.0}, 0.1, hundredths) == 100 // n


def test_what_is_scarcest_counts() -> None:
    assert n_places({"cpus": 3.0, "gpus": 8.0}, 2.0, 1.0) == 1
    assert n_places({"cpus": 3.0, "gpus": 0.0}, 1.0, 0.5) == 0
    assert n_places({"cpus": -1.0, "gpus": 0.0}, 1.0, 0.0) == 0
